/**
 * Characters of an input that stand for what a run makes: so an input holds no credential, and its lengths are known before
 * the run.
 */
export const PLACE = {
  /** The mark of another request of this client. */
  nextMark: '\x11',
  /** The same mark again; in an answer, the mark of the request that it answers. */
  mark: '\x12',
  /** The value of `Authorization` for the first account of the client. */
  credential: '\x13',
  /** The same for its second account. */
  otherCredential: '\x14',
  /** In an answer: the number of the request that it answers, among all that the upstream has got. */
  serial: '\x15',
  /** In an answer: the upstream ends the connection, or resets it. */
  end: '\x16',
  reset: '\x17',
  /** The next piece is written after the one before has left. */
  cut: '\x1f',
} as const;

const MARK_LENGTH = 14;
const SERIAL_LENGTH = 11;
const MARKS = /mk(\d{6})-(\d)-(\d{2})~/g;
const SERIALS = /us(\d{8})~/g;

export interface Mark {
  readonly run: number;
  readonly client: number;
  readonly request: number;
}

export function markText({ run, client, request }: Mark): string {
  const number = (value: number, digits: number) => String(value % 10 ** digits).padStart(digits, '0');
  return `mk${number(run, 6)}-${number(client, 1)}-${number(request, 2)}~`;
}

/** All marks in a text, in order. */
export function marksIn(text: string): readonly Mark[] {
  return [...text.matchAll(MARKS)].map(([, run, client, request]) => ({
    run: Number(run),
    client: Number(client),
    request: Number(request),
  }));
}

export function serialText(serial: number): string {
  return `us${String(serial % 1e8).padStart(8, '0')}~`;
}

/** All serials in a text, in order. */
export function serialsIn(text: string): readonly number[] {
  return [...text.matchAll(SERIALS)].map(([, serial]) => Number(serial));
}

/** The length of a text once its places are filled, in bytes. */
export function lengthOnWire(text: string): number {
  const { nextMark, mark, serial, cut } = PLACE;
  let length = 0;
  for (const char of text) {
    if (char === nextMark || char === mark) length += MARK_LENGTH;
    else if (char === serial) length += SERIAL_LENGTH;
    else if (char !== cut) length += 1;
  }
  return length;
}

/** Fills the places in what a client sends. @param credentials of its two accounts */
export function fillRequest(text: string, run: number, client: number, credentials: readonly [string, string]): string {
  let request = 0;
  let filled = '';
  for (const char of text) {
    if (char === PLACE.nextMark) request += 1;
    if (char === PLACE.credential) filled += credentials[0];
    else if (char === PLACE.otherCredential) filled += credentials[1];
    else if (char === PLACE.nextMark || char === PLACE.mark) filled += markText({ run, client, request });
    else filled += char;
  }
  return filled;
}

/** Fills the places in an answer. @param mark of the request; null: it has none */
export function fillAnswer(text: string, mark: Mark | null, serial: number): string {
  return text
    .replaceAll(PLACE.serial, serialText(serial))
    .replaceAll(PLACE.mark, mark === null ? '-'.repeat(MARK_LENGTH) : markText(mark));
}

const PLACES: ReadonlySet<string> = new Set(Object.values(PLACE));

export function withoutPlaces(text: string): string {
  return [...text].filter((char) => !PLACES.has(char)).join('');
}
