import type { Bench } from './bench.ts';
import { readingOf } from './load/reading.ts';
import type { Mix } from './mixes.ts';
import type { Contestant } from './servers/contestant.ts';
import type { Rival } from './servers/rivals.ts';
import { startServer } from './servers/start-server.ts';
import { mean } from './statistics.ts';

export interface SettingEffort {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly connections: readonly number[];
}

/** A rival in one of its settings; names as `--json` prints them. */
export interface SettingResult {
  readonly name: string;
  readonly setting: string;
  /** Requests a second, as `short at 32`. */
  readonly rps: Readonly<Record<string, number>>;
  /** Geometric mean over the cells of its share of the rival's best setting there, in [0, 1]. */
  readonly score: number;
}

/** Tries each rival in all its settings, alone. @returns the best setting of each, and how they were compared */
export async function chooseSettings(
  bench: Bench,
  mixes: readonly Mix[],
  rivals: readonly Rival[],
  effort: SettingEffort,
): Promise<{ chosen: Contestant[]; tried: SettingResult[]; failed: string[] }> {
  const chosen: Contestant[] = [];
  const tried: SettingResult[] = [];
  const failed: string[] = [];
  for (const rival of rivals) {
    const measured: { setting: Contestant; rps: Record<string, number> }[] = [];
    for (const setting of rival.settings) {
      bench.say(`${rival.name}, ${setting.setting}`);
      try {
        measured.push({ setting, rps: await tryOne(bench, mixes, setting, effort) });
      } catch (error) {
        // One that does not run in a setting may in another.
        failed.push(`${rival.name}, ${setting.setting}: ${(error as Error).message.split('\n').at(-1)}`);
      }
    }
    const results = scored(
      measured.map(({ setting, rps }) => ({ name: rival.name, setting: setting.setting, rps })),
    );
    tried.push(...results);
    const best = results.reduce((top, result, index) => {
      return result.score > (results[top]?.score ?? 0) ? index : top;
    }, 0);
    if (measured[best]) chosen.push(measured[best].setting);
  }
  return { chosen, tried, failed };
}

async function tryOne(
  bench: Bench,
  mixes: readonly Mix[],
  contestant: Contestant,
  { connections, ...effort }: SettingEffort,
): Promise<Record<string, number>> {
  await using server = await startServer(contestant);
  const rps: Record<string, number> = {};
  for (const mix of mixes) {
    for (const count of connections) {
      const setting = { ...effort, mix, seed: 10_000 + count, samples: 0 };
      const outcome = await bench.generator.closed(server.target, count, setting);
      rps[`${mix.name} at ${count}`] = readingOf(outcome, contestant.name).rps;
    }
  }
  return rps;
}

/** @param settings of one rival, measured in the same cells */
export function scored(
  settings: readonly { name: string; setting: string; rps: Readonly<Record<string, number>> }[],
): SettingResult[] {
  return settings.map(({ name, setting, rps }) => {
    const shares = Object.entries(rps).map(
      ([cell, rate]) => rate / Math.max(...settings.map((other) => other.rps[cell] ?? 0)),
    );
    return { name, setting, rps, score: Math.exp(mean(shares.map(Math.log))) };
  });
}
