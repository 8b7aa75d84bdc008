/** Attempts and milliseconds at one input: shrinking must end even where each attempt is slow. */
const MOST_ATTEMPTS = 20_000;
const MOST_TIME = 15_000;

/**
 * Removes bytes, and replaces others by `a`, as long as the input still has the property.
 *
 * @param holds whether an input has the property; `bytes` has it
 */
export async function shrink(bytes: Buffer, holds: (bytes: Buffer) => Promise<boolean>): Promise<Buffer> {
  let left = MOST_ATTEMPTS;
  const end = performance.now() + MOST_TIME;
  const isBetter = async (candidate: Buffer) => {
    left -= 1;
    return left > 0 && performance.now() < end && (await holds(candidate));
  };
  let best = bytes;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length; ) {
      const candidate = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (await isBetter(candidate)) best = candidate;
      else at += size;
    }
  }
  for (let at = 0; at < best.length; at += 1) {
    if (best[at] === 0x61) continue;
    const candidate = Buffer.from(best);
    candidate[at] = 0x61;
    if (await isBetter(candidate)) best = candidate;
  }
  return best;
}
