import type { LoadPhaseName, MonoMs } from '@inferometer/core';
import type { LoadTimes } from '../executor/protocol.ts';

/** A model that an executor has opened. */
export interface ExecutorLoad {
  /** Number of the executor, from 0. */
  readonly executor: number;
  /** When it was started. */
  readonly begun: MonoMs;
  readonly times: LoadTimes;
}

export interface TimedRun {
  readonly start: MonoMs;
  readonly end: MonoMs;
}

/** A part of a load. */
export interface LoadPhase {
  readonly name: LoadPhaseName;
  readonly start: MonoMs;
  readonly end: MonoMs;
}

/**
 * The phases of a load in their order, each beginning where the one before ended, from the executor's start to the end of
 * its first run. What lies between the open session and the first run is `wait`: the main process was busy with itself.
 * @param firstRun absent for an executor that came back after a crash: a request has its first run
 */
export function loadPhases({ begun, times }: ExecutorLoad, firstRun?: TimedRun): readonly LoadPhase[] {
  const { booted, imported, opened, prepared, readMs, optimiseMs } = times;
  const marks: [LoadPhaseName, MonoMs][] = [
    ['process', booted],
    ['imports', imported],
    ['read', imported + readMs],
    ['optimise', imported + readMs + optimiseMs],
    ['session', opened],
    ['prepare', prepared],
  ];
  if (firstRun) marks.push(['wait', firstRun.start], ['first_run', firstRun.end]);
  let at = begun;
  return marks.map(([name, mark]) => {
    // Clocks of two processes differ by microseconds: no phase is negative for it.
    const end = Math.max(at, mark);
    const phase = { name, start: at, end };
    at = end;
    return phase;
  });
}

/** All of it, ms. */
export function totalMs(phases: readonly LoadPhase[]): number {
  const [first] = phases;
  const last = phases.at(-1);
  return first && last ? last.end - first.start : 0;
}
