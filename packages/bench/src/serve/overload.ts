import { median } from '../overhead/median.ts';
import type { Bench } from './bench.ts';
import { type OpenReading, openReadingOf, readingOf } from './load/reading.ts';
import type { Mix } from './mixes.ts';
import type { RunningServer } from './servers/start-server.ts';
import { type Reference, verifySamples } from './verify.ts';

export interface OverloadEffort {
  readonly warmUpSeconds: number;
  /** Measured time of each load, s. */
  readonly seconds: number;
  /** Rates of the open loop, as shares of the peak. */
  readonly shares: readonly number[];
}

/** How a server takes more than it can do; names as `--json` prints them. */
export interface OverloadResult {
  readonly mix: string;
  /** Of the closed loop at 32 connections, measured before, between and after. */
  readonly peak_rps: number;
  readonly deadline_ms: number;
  readonly loads: readonly ({ readonly share: number; readonly goodput_ratio: number } & OpenReading)[];
}

const deadlineSeconds = 1;
const peakConnections = 32;
const samplesOfRun = 8;

/**
 * Open loops of Poisson arrivals at shares of the peak; each request has a deadline.
 * @throws {Error} if an answer is wrong
 */
export async function measureOverload(
  bench: Bench,
  mixes: readonly Mix[],
  server: RunningServer,
  reference: Reference,
  effort: OverloadEffort,
): Promise<OverloadResult[]> {
  const { form } = server.target;
  const headers = { ...form.headers, 'x-request-timeout': String(deadlineSeconds) };
  const target = { ...server.target, form: { ...form, headers } };
  const results: OverloadResult[] = [];
  let seed = 100_000;
  server.resume();
  for (const mix of mixes) {
    const setting = () => ({ ...effort, mix, seed: ++seed, samples: samplesOfRun });
    const peaks: number[] = [];
    const peak = async (): Promise<void> => {
      const outcome = await bench.generator.closed(server.target, peakConnections, setting());
      peaks.push(readingOf(outcome, server.contestant.name).rps);
    };
    const loads: ({ share: number } & OpenReading)[] = [];
    await peak();
    for (const share of effort.shares) {
      bench.say(`${mix.name}, open loop at ${(share * 100).toFixed(0)} % of the peak`);
      const used = setting();
      // Of the peak now: a machine that has slowed down is not overloaded more than was meant.
      const outcome = await bench.generator.open(target, share * (peaks.at(-1) as number), used);
      await verifySamples(bench, reference, server.contestant, used, outcome);
      loads.push({ share, ...openReadingOf(outcome, deadlineSeconds * 1000) });
      await peak();
    }
    const peakRps = median(peaks);
    results.push({
      mix: mix.name,
      peak_rps: peakRps,
      deadline_ms: deadlineSeconds * 1000,
      loads: loads.map((load, index) => {
        // Over the peaks just before and after it.
        const around = ((peaks[index] as number) + (peaks[index + 1] as number)) / 2;
        return { ...load, goodput_ratio: load.goodput_rps / around };
      }),
    });
  }
  server.pause();
  return results;
}
