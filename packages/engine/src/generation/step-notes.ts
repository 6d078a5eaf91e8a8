import { type RequestTrace, shareOut, type Telemetry } from '@inferometer/core';
import type { SteppedReply } from '../executor/protocol.ts';

/** A generation, as far as telemetry is concerned. */
export interface NotedGeneration {
  readonly trace: RequestTrace | undefined;
  /** Whether it waits for its reader, and not for its next turn. */
  readonly isResting: boolean;
}

/** Tells telemetry of model runs that several generations share. */
export interface StepNotes {
  add(id: number, generation: NotedGeneration): void;
  remove(id: number): void;
  /**
   * Notes a run, once, whoever of its generations calls first: it is counted as a batch of the model; its time is shared
   * out over its rows to the nanosecond; and each request in it is in phase `run` and then `postprocess`, until its next
   * turn.
   */
  note(step: SteppedReply, executor: number): void;
}

export function createStepNotes(telemetry: Telemetry, model: string): StepNotes {
  const generations = new Map<number, NotedGeneration>();
  let last: SteppedReply | undefined;
  let count = 0;
  return {
    add: (id, generation) => void generations.set(id, generation),
    remove: (id) => void generations.delete(id),
    note(step, executor) {
      if (step === last) return;
      last = step;
      const { rows, fresh, phase, paddingRatio } = step;
      const { runStart, runEnd, drawn } = step.times;
      // A span for each step would be a flood: prefill and decode are spans of the request.
      telemetry.observer.batchEnded({
        id: `step-${++count}`,
        model,
        executor,
        reason: phase,
        size: rows.length,
        tokens: rows.length * fresh,
        paddingRatio,
        dispatched: runStart,
        runStart,
        runEnd,
      });
      const shares = shareOut(
        runEnd - runStart,
        rows.map(() => fresh),
      );
      const seen = new Set<RequestTrace>();
      rows.forEach(({ id }, row) => {
        const generation = generations.get(id);
        const trace = generation?.trace;
        if (!generation || !trace) return;
        trace.addDeviceTime(shares[row] as number);
        if (seen.has(trace)) return;
        seen.add(trace);
        trace.enter('run', runStart);
        trace.enter('postprocess', runEnd);
        trace.enter(generation.isResting ? 'stream' : 'queue', drawn);
      });
    },
  };
}
