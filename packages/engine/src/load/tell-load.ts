import { ATTR, currentEpochOffset, SPAN, type Telemetry } from '@inferometer/core';
import { type Attributes, context as contextApi, trace as traceApi } from '@opentelemetry/api';
import { type ExecutorLoad, type LoadPhase, loadPhases, type TimedRun, totalMs } from './phases.ts';

/** How a model was loaded, as one of its executors saw it. */
export interface LoadReport {
  readonly executor: number;
  readonly phases: readonly LoadPhase[];
  readonly totalMs: number;
  /** Whether the graph came optimised from the cache. */
  readonly fromCache: boolean;
}

/**
 * Counts a load and makes its span, with one below it for each phase that took time.
 * @param attributes more of the span
 */
export function tellLoad(
  telemetry: Telemetry,
  model: string,
  load: ExecutorLoad,
  firstRun?: TimedRun,
  attributes: Attributes = {},
): LoadReport {
  const phases = loadPhases(load, firstRun);
  const { executor, times } = load;
  const report = { executor, phases, totalMs: totalMs(phases), fromCache: times.fromCache };
  telemetry.observer.modelLoaded({
    model,
    seconds: report.totalMs / 1000,
    phases: phases.map(({ name, start, end }) => ({ name, seconds: (end - start) / 1000 })),
  });
  tellSpans(SPAN.modelLoad, phases, {
    [ATTR.model]: model,
    [ATTR.executor]: executor,
    [ATTR.fromCache]: times.fromCache,
    ...attributes,
  });
  return report;
}

/** A span over all phases, which is a trace of its own unless one is active, and one below it for each of them. */
export function tellSpans(name: string, phases: readonly LoadPhase[], attributes: Attributes): void {
  const [first] = phases;
  const last = phases.at(-1);
  if (!first || !last) return;
  const offset = currentEpochOffset();
  const tracer = traceApi.getTracer('@inferometer/engine');
  const whole = tracer.startSpan(name, { startTime: first.start + offset, attributes });
  const below = traceApi.setSpan(contextApi.active(), whole);
  for (const { name: phase, start, end } of phases) {
    if (end === start || phases.length === 1) continue;
    const part = { startTime: start + offset, attributes: { [ATTR.phase]: phase } };
    tracer.startSpan(`${name}.${phase}`, part, below).end(end + offset);
  }
  whole.end(last.end + offset);
}
