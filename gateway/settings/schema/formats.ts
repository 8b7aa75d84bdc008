import { z } from 'zod';

/** A whole number above zero with a unit. */
const DURATION = /^([1-9]\d{0,8})(ms|s|m|h|d)$/;
const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION_FORM = 'must be a duration, a whole number with its unit: 250ms, 30s, 5m, 1h or 30d';

/** @returns milliseconds, or null when the text is not a duration */
function parseDuration(text: string): number | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return count === undefined ? null : Number(count) * MILLISECONDS[unit as keyof typeof MILLISECONDS];
}

/**
 * The hint for a number in place of a duration. It suggests seconds, which most people mean.
 *
 * @param message the schema's message, which tells whether a duration was expected
 * @returns null for any other problem
 */
export function unitForgotten(message: string, value: unknown): string | null {
  if (!message.startsWith(DURATION_FORM) || !/^[1-9]\d{0,8}$/.test(String(value))) return null;
  return `found ${value}, without a unit; did you mean ${value}s?`;
}

/** A duration between two others, both allowed; milliseconds when read. */
export function duration(least: string, most: string) {
  const bounds = { least: parseDuration(least) ?? 0, most: parseDuration(most) ?? 0 };
  return z
    .string({ error: DURATION_FORM })
    .regex(DURATION, { error: DURATION_FORM })
    .transform((text, context) => {
      const milliseconds = parseDuration(text) ?? 0;
      if (milliseconds < bounds.least || milliseconds > bounds.most) {
        context.addIssue({ code: 'custom', message: `is out of range; must be from ${least} to ${most}` });
      }
      return milliseconds;
    });
}

/** A duration for a timer, at most a day: Node's timers overflow above 2^31-1 ms, and then fire at once. */
export function wait() {
  return duration('1ms', '1d');
}

/** As `wait`, but `0s` is allowed. */
export function pause() {
  const timer = wait();
  return z.union([z.literal('0s').transform(() => 0), timer], { error: `${DURATION_FORM}, or 0s` });
}

const SIZE = /^(\d{1,12})(b|kb|mb|gb)$/;
const BYTES = { b: 1, kb: 1_024, mb: 1_024 ** 2, gb: 1_024 ** 3 } as const;

/** A size; bytes when read. */
export function size() {
  const error = 'must be a size, a whole number with its unit: 512b, 64kb, 10mb or 1gb';
  return z
    .string({ error })
    .regex(SIZE, { error })
    .transform((text) => {
      const [, count, unit] = SIZE.exec(text) ?? [];
      return Number(count) * BYTES[unit as keyof typeof BYTES];
    });
}

/** A whole number between two others, both allowed. Text of digits counts too: `${PORT}` gives text. */
export function wholeNumber(least: number, most: number, meaning: string) {
  const error = `must be ${meaning}, a whole number from ${least} to ${most}`;
  return z.preprocess(numberFromText, z.int({ error }).min(least, { error }).max(most, { error }));
}

function numberFromText(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
}

/** `true` or `false` in the spellings of YAML 1.2, also as text: `${NAME}` gives text. */
export function flag() {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value),
    z.boolean({ error: 'must be true or false' }),
  );
}

/** A list. A list of one item may be written as that item. */
export function listOf<Item extends z.ZodType>(item: Item, error: string) {
  return z.preprocess((value) => (isScalar(value) ? [value] : value), z.array(item, { error }));
}

function isScalar(value: unknown): boolean {
  return value !== null && value !== undefined && typeof value !== 'object';
}

/** Text that satisfies a predicate. The problem repeats the value; use `confidential` for what may be secret. */
export function textThat(holds: (text: string) => boolean, error: string) {
  return z.stringFormat('text', holds, { error });
}

/** Text that may hold a secret: `problemOf` returns the problem or null, and must not repeat the text. */
export function confidential(problemOf: (text: string) => string | null, error: string) {
  return z.string({ error }).superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
}

/** A map of options. Its error names the keys; `explain.ts` suggests the nearest key for an unknown one. */
export function options<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: `must be a map with the keys ${Object.keys(shape).join(', ')}` });
}

export function matching(pattern: RegExp, error: string) {
  return z.string({ error }).regex(pattern, { error });
}

export function oneOf<const Choice extends string>(...choices: Choice[]) {
  return z.enum(choices, { error: `must be one of ${choices.join(', ')}` });
}

/** Segments of RFC 3986 `pchar`, without percent-encoding, dot segments, `*`, and `;`, at which some servers cut the path. */
export const SEGMENTS = String.raw`(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()+,=:@-]+)+`;
export const PLAIN_PATH =
  'begins with /, does not end with /, and has no //, no . or .. segment, no %, ?, #, backslash or *';
