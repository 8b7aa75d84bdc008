/** An entry of a stream: its id, and name and value of its fields in turn. */
export type StreamEntry = [id: string, fields: string[]];

interface Stored {
  readonly value: string;
  /** Milliseconds of the simulated time; Infinity: never. */
  readonly expiresAt: number;
}

interface Stream {
  readonly entries: readonly StreamEntry[];
  readonly last: string;
}

const NO_STREAM: Stream = { entries: [], last: '0-0' };

/** The keys of a Redis server that hold text, and its streams. */
export class RedisContent {
  readonly #texts: Map<string, Stored>;
  readonly #streams: Map<string, Stream>;

  constructor(from?: RedisContent) {
    this.#texts = new Map(from?.present());
    this.#streams = new Map(from?.streams());
  }

  present() {
    return this.#texts;
  }

  streams() {
    return this.#streams;
  }

  get(key: string, now: number): string | null {
    const found = this.#texts.get(key);
    if (found === undefined || found.expiresAt > now) return found?.value ?? null;
    this.#texts.delete(key);
    return null;
  }

  set(key: string, value: string, expiresAt: number): void {
    this.#texts.set(key, { value, expiresAt });
  }

  delete(key: string): void {
    this.#texts.delete(key);
  }

  /** @param wall the clock of the server @param most entries that are kept @returns the id of the entry */
  append(key: string, fields: string[], wall: number, most: number): string {
    const { entries, last } = this.#streams.get(key) ?? NO_STREAM;
    const [time, count] = partsOf(last);
    const id = wall > time ? `${wall}-0` : `${time}-${count + 1}`;
    const kept = entries.length < most ? entries : entries.slice(entries.length - most + 1);
    this.#streams.set(key, { entries: [...kept, [id, fields]], last: id });
    return id;
  }

  entries(key: string): readonly StreamEntry[] {
    return (this.#streams.get(key) ?? NO_STREAM).entries;
  }
}

function partsOf(id: string): [time: number, count: number] {
  const [time = '0', count = '0'] = id.split('-');
  return [Number(time), Number(count)];
}

/** The number of entries before this id: `-` before all, `+` after all. */
export function countBefore(entries: readonly StreamEntry[], id: string): number {
  if (id === '-' || id === '+') return id === '-' ? 0 : entries.length;
  const [time, count] = partsOf(id);
  let [from, to] = [0, entries.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const [otherTime, otherCount] = partsOf(entries[middle]?.[0] ?? '');
    if (otherTime < time || (otherTime === time && otherCount < count)) from = middle + 1;
    else to = middle;
  }
  return from;
}
