/** Random numbers that depend on a seed alone (mulberry32), and choices among things. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** @returns an integer from 0 to `below` - 1 */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  /** True once in `times`, on average. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  of<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** Mostly the first choice; one of the others once in `times`. */
  mostly<T>(times: number, usual: T, ...rare: [T, ...T[]]): T {
    return this.once(times) ? this.of(rare) : usual;
  }

  text(alphabet: string, length: number): string {
    let text = '';
    for (let i = 0; i < length; i += 1) text += alphabet[this.below(alphabet.length)];
    return text;
  }
}

/** The seed of one message of a run. */
export function seedOf(run: number, index: number): number {
  return (Math.imul(run, 0x9e3779b1) + Math.imul(index, 0x85ebca6b)) | 0;
}
