/** The quantile of a stream of durations, of which the newer ones weigh more. */
export interface RunningQuantile {
  add(us: number): void;
  /** µs; undefined until there are enough to tell. */
  readonly value: number | undefined;
}

const bucketsPerOctave = 8;
const buckets = 32 * bucketsPerOctave;
const recomputeEvery = 128;
/** At this weight all counts are halved. */
const maxWeight = 8192;

/**
 * Counts in buckets of a factor of 2^(1/8), so that the answer is at most 9 % too high. An observation is an increment;
 * the quantile is found anew every 128.
 * @param q in (0, 1)
 */
export function createRunningQuantile(q: number): RunningQuantile {
  const counts = new Uint32Array(buckets);
  let weight = 0;
  let sinceFound = 0;
  let value: number | undefined;

  const find = (): void => {
    let above = weight * (1 - q);
    let bucket = buckets - 1;
    for (; bucket > 0; bucket--) {
      above -= counts[bucket] as number;
      if (above < 0) break;
    }
    value = 2 ** ((bucket + 1) / bucketsPerOctave);
    if (weight < maxWeight) return;
    weight = 0;
    for (let i = 0; i < buckets; i++) {
      counts[i] = (counts[i] as number) >>> 1;
      weight += counts[i] as number;
    }
  };

  return {
    add(us) {
      const bucket = us <= 1 ? 0 : Math.min(buckets - 1, Math.floor(Math.log2(us) * bucketsPerOctave));
      (counts[bucket] as number)++;
      weight++;
      if (++sinceFound < recomputeEvery) return;
      sinceFound = 0;
      find();
    },
    get value() {
      return value;
    },
  };
}
