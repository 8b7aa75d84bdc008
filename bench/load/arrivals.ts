/**
 * The moments at which requests of clients who know nothing of each other arrive: a Poisson process, so that some come
 * close together as they do in life. The same seed gives the same moments, so that two servers get the same ones.
 *
 * @param rate requests a second
 * @returns milliseconds from the start, ever later
 */
export function* arrivals(rate: number, seconds: number, seed: number): Generator<number> {
  const random = uniform(seed);
  const gap = 1_000 / rate;
  for (let at = 0; ; ) {
    at -= gap * Math.log(1 - random());
    if (at >= seconds * 1_000) return;
    yield at;
  }
}

/** Numbers from 0 up to 1 by xorshift32 (G. Marsaglia, 2003). @param seed not 0 */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
