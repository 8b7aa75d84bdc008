import { bcryptDecoy } from '../../../gateway/identify/passwords/hashes/bcrypt.ts';
import { type HashRules, hashRules } from '../../../gateway/identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../../gateway/identify/passwords/hashes/recognise.ts';
import type { VerifiableHash } from '../../../gateway/identify/passwords/hashes/stored-hash.ts';
import { describeUnknown } from '../../../gateway/identify/passwords/hashes/unknown.ts';
import { passwordChecker } from '../../../gateway/identify/passwords/password.ts';
import { FIXTURES, FIXTURES_BY_SETTINGS } from '../../../test/identify/passwords/hashes/fixtures.ts';
import type { Random } from '../../random.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf, unequal } from '../finding.ts';
import { mutate } from '../mutations.ts';

interface Known {
  readonly hash: string;
  readonly password: string;
  readonly rules: HashRules;
}

const ADOPTED = hashRules({ table: 'users', allowWeakHashes: true });
/** Hashes of all formats, made by the programs themselves, that take about a millisecond. */
const KNOWN: readonly Known[] = [
  ...FIXTURES.map((fixture) => ({ ...fixture, rules: ADOPTED })),
  ...FIXTURES_BY_SETTINGS,
].filter(({ cheap, opens }) => cheap && opens);

/**
 * Stored hashes, as a line with the number of the hash that they were, and the text. No text throws or costs more than the limits
 * allow; a wrong password is never right; and the right one is right only where the text stands for the same hash.
 */
export const hashes: Campaign = {
  name: 'hashes',
  open: () => ({ generate, compare: (bytes) => compare(bytes.toString()) }),
};

const PIECES: readonly [string, ...string[]] = [
  '$',
  '$$',
  ':',
  ',',
  '=',
  '{SSHA}',
  '{CRYPT}',
  '{crypt}',
  'U',
  '$2a$',
  '$2x$',
  '$2b$31$',
  '$2b$04$',
  '$5$',
  '$6$',
  '$1$',
  'rounds=',
  'rounds=999999999$',
  'm=4294967295',
  't=0',
  'p=0',
  'l=16',
  'ln=31',
  'i=',
  '0',
  '9'.repeat(12),
  '1e9',
  '-1',
  '\0',
  '$argon2d$',
  '$argon2id$',
  'pbkdf2_',
  'scrypt',
  '/',
  '+',
  '.',
  'é',
  '\ud800',
  ' ',
  '\n',
  'A'.repeat(400),
];

function generate(random: Random): Buffer {
  const index = random.below(KNOWN.length);
  let text = KNOWN[index]?.hash ?? '';
  for (let changes = random.mostly(8, 1, 0, 2, 3); changes > 0; changes -= 1) text = changed(random, text);
  return Buffer.from(`${index}\n${text}`);
}

function changed(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at) + random.of(PIECES) + text.slice(at + random.below(3));
    case 1:
      // A number in it, as an attacker with write access would raise it.
      return text.replace(/\d+/g, (digits) =>
        random.once(3) ? random.of(['0', '1', `${digits}0`, `0${digits}`, '99999999', '4294967297']) : digits,
      );
    case 2:
      return text.slice(0, at) + text.slice(at, at + 1).toUpperCase() + text.slice(at + 1).toLowerCase();
    case 3:
      return (
        text.slice(0, at) +
        random.text('./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+=-_', 1) +
        text.slice(at + 1)
      );
    case 4:
      return random.of([
        text.slice(0, at),
        text.slice(at),
        `${text}=`,
        text.replace(/=+$/, ''),
        text.replace(/.$/, ''),
        `${text}\n`,
      ]);
    case 5: {
      // The parts of two hashes of the same shape.
      const other = KNOWN[random.below(KNOWN.length)]?.hash ?? '';
      const [ours, theirs] = [text.split('$'), other.split('$')];
      const part = random.below(ours.length);
      return ours.map((one, index) => (index === part ? (theirs[index] ?? one) : one)).join('$');
    }
    default:
      return mutate(random, Buffer.from(text)).toString();
  }
}

const checks = new Map<HashRules, ReturnType<typeof passwordChecker>>();

async function compare(text: string): Promise<Finding> {
  const [, index = '', hash = ''] = /^(\d{1,3})\n(.*)$/s.exec(text) ?? [];
  const known = KNOWN[Number(index)];
  if (index === '' || known === undefined) return { kind: 'no hash', difference: null };
  const { rules, password } = known;
  try {
    const stored = recognise(hash, rules);
    if (stored?.verifiable) return await judge(stored, hash, known);
    const check = checks.get(rules) ?? passwordChecker(bcryptDecoy(4), rules);
    checks.set(rules, check);
    const isRight = await check(hash, password);
    const told = stored?.reason ?? describeUnknown(hash);
    const difference = firstOf(
      isRight ? 'accepted, though it cannot be verified' : null,
      /[\p{Cc}]/u.test(told) || told.length > 300 ? `not one short line: ${told}` : null,
      hash.length > 60 && told.includes(hash.slice(-12)) ? `shows the hash: ${told}` : null,
    );
    return { kind: stored === null ? 'unknown' : 'refused', difference };
  } catch (error) {
    return { kind: 'throws', difference: `throws ${error}` };
  }
}

/** Hundredths of a second: a hash that takes longer is only read. */
const DEAR = 1;

async function judge(stored: VerifiableHash, hash: string, known: Known): Promise<Finding> {
  const { password, rules } = known;
  const work = workOf(stored.parameters);
  const decoy = stored.decoy();
  const likeIt = recognise(decoy, rules);
  const aboutDecoy = firstOf(
    work === null ? `unknown parameters: ${stored.parameters}` : null,
    work === Number.POSITIVE_INFINITY ? `beyond the limits: ${stored.format} ${stored.parameters}` : null,
    unequal(
      'decoy',
      [likeIt?.format, likeIt?.verifiable ? likeIt.parameters : null, decoy.length],
      [stored.format, stored.parameters, hash.length],
    ),
  );
  if (aboutDecoy !== null || work === null || work > DEAR) return { kind: 'dear', difference: aboutDecoy };
  const [isSame, mayBeRight] = [isHashOf(known, hash), mayBeHashOf(known, hash)];
  const wrong = [`${password}x`, password.slice(0, -1), `x${password}`, password.toUpperCase()].filter(
    (one) => one !== password,
  );
  const right = await stored.verify(password);
  let difference = firstOf(
    right && !mayBeRight ? `the password of ${known.hash} is right` : null,
    !right && isSame ? `the password of ${known.hash} is wrong` : null,
  );
  for (const one of Buffer.byteLength(password) < 60 ? wrong : []) {
    if (difference === null && (await stored.verify(one))) difference = `a wrong password is right: ${one}`;
  }
  return { kind: isSame ? 'the same hash' : 'another hash', difference };
}

/** @returns about how many hundredths of a second it takes; infinite beyond the limits; null for parameters of no known form */
function workOf(parameters: string): number | null {
  const number = (name: string) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(parameters)?.[1]);
  const [, cost] = /^cost (\d+)$/.exec(parameters) ?? [];
  if (cost !== undefined) return Number(cost) > 16 ? Number.POSITIVE_INFINITY : 2 ** (Number(cost) - 7);
  const [, rounds, blocks = '1'] = /^(\d+) rounds(?: for each of (\d+) blocks)?$/.exec(parameters) ?? [];
  if (rounds !== undefined)
    return Number(rounds) * Number(blocks) > 10_000_000
      ? Number.POSITIVE_INFINITY
      : (Number(rounds) * Number(blocks)) / 20_000;
  if (parameters === 'one round') return 0;
  const isArgon2 = parameters.startsWith('m=');
  if (!isArgon2 && !parameters.startsWith('N=')) return null;
  const [memory, work] = isArgon2
    ? [number('m') * 1_024, number('m') * number('t') * 1_024]
    : [128 * number('N') * number('r'), 128 * number('N') * number('r') * number('p')];
  return memory > 2 ** 28 + 2 ** 22 || work > 2 ** 30 ? Number.POSITIVE_INFINITY : work / 2 ** 22;
}

/** What different texts of one hash have in common: the prefix of a program, and other names or alphabets of one algorithm. */
function meaningOf(hash: string): string {
  return hash
    .replace(/^(?:\{[\w@.-]+\}|bcrypt\$|argon2)(?=\$(?:2[aby]|argon2id?|[56])\$)/, '')
    .replace(/^\{scrypt[\w@.]*\}/, '')
    .replace(/^(bcrypt_sha256\$)?\$2[aby]\$/, '$1$$2b$')
    .replace(/^\$f[bi](?:re)?s.*/, (firebase) => firebase.replaceAll('-', '+').replaceAll('_', '/'));
}

/** Also of phpBB and phpass, which differ in how they prepare some characters, and of the two forms of Firebase's. */
function looseMeaningOf(hash: string): string {
  return meaningOf(hash)
    .replace(/^(U?)\$H\$/, '$1$$P$')
    .replace(/^\$f[bi](?:re)?scrypt\$[^$]*\$([^$]+)\$([^$]+).*/, 'Firebase $1 $2');
}

const SAME_PASSWORD = Map.groupBy(KNOWN, ({ password }) => password);

/** Whether the text stands for a hash of this password, with one of these rules. */
function isHashOf({ password, rules }: Known, hash: string): boolean {
  const meaning = meaningOf(hash);
  return (SAME_PASSWORD.get(password) ?? []).some((one) => one.rules === rules && meaningOf(one.hash) === meaning);
}

/** As `isHashOf`, or with other rules, or the first 16 bytes or more of a digest whose length the format leaves open. */
function mayBeHashOf({ password }: Known, hash: string): boolean {
  const meaning = looseMeaningOf(hash);
  return (SAME_PASSWORD.get(password) ?? []).some(({ hash: one }) => {
    const whole = looseMeaningOf(one);
    return whole === meaning || (/^(?:AQ|\$[\da-f]+\$)/.test(meaning) && isBeginning(meaning, whole));
  });
}

function isBeginning(part: string, whole: string): boolean {
  const [at, end] = [part.lastIndexOf('$') + 1, whole.lastIndexOf('$') + 1];
  const [short, long] = [Buffer.from(part.slice(at), 'base64'), Buffer.from(whole.slice(end), 'base64')];
  return (
    part.slice(0, at) === whole.slice(0, end) && short.length >= 16 && long.subarray(0, short.length).equals(short)
  );
}
