/**
 * Milliseconds on the machine's monotonic clock. Node's `hrtime` and `performance.now` read the same clock, which
 * all processes of one machine share, so that an executor's timestamps compare with the main thread's.
 */
export type MonoMs = number & { readonly __clock?: 'monotonic' };

const offsetSamples = 32;

/** What `performance.now()` lacks to be the machine's clock: constant for the life of the process. */
const monoOffsetMs: number = measureOffset();

/** The reading that took least time: a process that is preempted between two clock reads is milliseconds off. */
function measureOffset(): number {
  let offset = 0;
  let tightest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < offsetSamples; i++) {
    const before = performance.now();
    const machine = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= tightest) continue;
    tightest = after - before;
    offset = machine - (before + after) / 2;
  }
  return offset;
}

/** Wall clock minus monotonic clock, ms; taken anew when the two have drifted apart (NTP, suspend). */
let epochOffsetMs: number = Date.now() - (performance.now() + monoOffsetMs);

const maxDriftMs = 5;
/** The wall clock is looked at so often: a reading costs as much as two phases' work besides their own readings. */
const checkEveryMs = 100;
let checkedAt = Number.NEGATIVE_INFINITY;

/** The time now on the machine's monotonic clock, ms, with nanosecond resolution where the platform has it. */
export function monoNow(): MonoMs {
  return performance.now() + monoOffsetMs;
}

/**
 * Checks the wall clock against the monotonic one, ten times a second at most; a request asks once, so that its own
 * timestamps never jump within it.
 * @param now monotonic time
 * @returns the offset that turns MonoMs into ms since the epoch
 */
export function currentEpochOffset(now: MonoMs = monoNow()): number {
  if (now - checkedAt < checkEveryMs) return epochOffsetMs;
  checkedAt = now;
  const offset = Date.now() - monoNow();
  // Date.now() is whole milliseconds: only a larger difference is a step of the wall clock.
  if (Math.abs(offset - epochOffsetMs) > maxDriftMs) epochOffsetMs = offset;
  return epochOffsetMs;
}
