/** Counters of hardware, made into ones that do not fall. */
export interface Counters {
  /**
   * What the counter has counted: its first value, and all that came on top since.
   * @param key of the counter
   * @param raw as the hardware says it, >= 0
   * @param bits width of the hardware's counter
   */
  add(key: string, raw: bigint, bits: 32 | 64): number;
}

interface Counted {
  raw: bigint;
  total: bigint;
}

/**
 * By how much a counter has grown. One that is lower than before has wrapped if it had less than half its range to go,
 * and has otherwise begun anew, such as after a reset of the device.
 */
export function growth(before: bigint, now: bigint, bits: 32 | 64): bigint {
  if (now >= before) return now - before;
  const range = 1n << BigInt(bits);
  const wrapped = range - before + now;
  return wrapped < range / 2n ? wrapped : now;
}

export function createCounters(): Counters {
  const known = new Map<string, Counted>();
  return {
    add(key, raw, bits) {
      const counted = known.get(key);
      if (counted === undefined) {
        known.set(key, { raw, total: raw });
        return Number(raw);
      }
      counted.total += growth(counted.raw, raw, bits);
      counted.raw = raw;
      return Number(counted.total);
    },
  };
}
