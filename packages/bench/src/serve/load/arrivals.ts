import { createRandom } from '../random.ts';

/**
 * When requests of an open loop are due: a Poisson process, whose clients do not know of each other.
 * @param perSecond mean rate, > 0
 * @param seconds length of the load
 * @returns ms from its start, ascending
 */
export function poissonArrivals(perSecond: number, seconds: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const due: number[] = [];
  for (let at = 0; ; ) {
    at += (-Math.log(1 - random()) * 1000) / perSecond;
    if (at >= seconds * 1000) return Float64Array.from(due);
    due.push(at);
  }
}
