import { type MonoMs, monoNow, type PhaseSeconds, SPAN, type Telemetry } from '@inferometer/core';
import { type LoadPhase, type Model, tellSpans } from '@inferometer/engine';

/**
 * The phases of a start, from the start of this process until it was ready, each beginning where the one before ended:
 * its own start and modules, then what the executor was doing that came last, as nothing was ready without it.
 * @param started of this process
 * @param booted when its runtime was up
 */
export function coldStartPhases(
  models: readonly Model[],
  started: MonoMs,
  booted: MonoMs,
  ready: MonoMs,
): readonly LoadPhase[] {
  const last = models
    .flatMap(({ loads }) => loads)
    .map(({ phases }) => phases)
    .sort((a, b) => (b.at(-1)?.end ?? 0) - (a.at(-1)?.end ?? 0))[0];
  const marks: [LoadPhase['name'], MonoMs][] = [['process', booted]];
  if (last?.[0]) marks.push(['imports', last[0].start]);
  // While the main process makes an executor wait, it loads its own modules.
  for (const { name, end } of last ?? []) marks.push([name === 'wait' ? 'imports' : name, end]);
  marks.push(['warm_up', ready]);
  let at = started;
  return marks.map(([name, mark]) => {
    const end = Math.min(Math.max(at, mark), ready);
    const phase = { name, start: at, end };
    at = end;
    return phase;
  });
}

/**
 * Counts the start of this process and makes its span.
 * @returns how long it took, s
 */
export function tellColdStart(telemetry: Telemetry, models: readonly Model[]): number {
  const ready = monoNow();
  // `performance` counts from the start of the process.
  const started = ready - performance.now();
  const booted = started + performance.nodeTiming.bootstrapComplete;
  const phases = coldStartPhases(models, started, booted, ready);
  const seconds = (ready - started) / 1000;
  telemetry.observer.coldStart(seconds, sumByName(phases));
  tellSpans(SPAN.coldStart, phases, {});
  return seconds;
}

/** A phase may come more than once: this process and an executor both have a start and modules. */
function sumByName(phases: readonly LoadPhase[]): readonly PhaseSeconds[] {
  const sums = new Map<LoadPhase['name'], number>();
  for (const { name, start, end } of phases) sums.set(name, (sums.get(name) ?? 0) + (end - start) / 1000);
  return [...sums].map(([name, seconds]) => ({ name, seconds }));
}
