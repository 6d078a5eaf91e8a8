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
  /** Tokens whose keys and values executors hold, of all generations. */
  readonly heldTokens: number;
  add(id: number, generation: NotedGeneration): void;
  remove(id: number): void;
  /**
   * Notes a run, once, whoever of its generations calls first: it is counted as a batch of the model; its time is shared
   * out over its rows to the nanosecond; and each request in it is in phase `run` and then `postprocess`, until its next
   * turn.
   */
  note(step: SteppedReply, executor: number): void;
}

interface Noted {
  readonly generation: NotedGeneration;
  /** Tokens that the model was fed with. */
  fed: number;
}

export function createStepNotes(telemetry: Telemetry, model: string): StepNotes {
  const { observer } = telemetry;
  const generations = new Map<number, Noted>();
  let heldTokens = 0;
  let last: SteppedReply | undefined;
  let count = 0;
  return {
    get heldTokens() {
      return heldTokens;
    },
    add: (id, generation) => void generations.set(id, { generation, fed: 0 }),
    remove(id) {
      heldTokens -= generations.get(id)?.fed ?? 0;
      generations.delete(id);
    },
    note(step, executor) {
      if (step === last) return;
      last = step;
      const { rows, fresh, phase, paddingRatio } = step;
      const { runStart, runEnd, cpuMs, device, drawn } = step.times;
      const tokens = rows.length * fresh;
      // A span for each step would be a flood: prefill and decode are spans of the request.
      observer.batchEnded({
        id: `step-${++count}`,
        model,
        executor,
        reason: phase,
        size: rows.length,
        tokens,
        paddingRatio,
        dispatched: runStart,
        runStart,
        runEnd,
        device,
        cpuMs,
        // What a decode step reads is what the one before it wrote.
        inputTokens: phase === 'prefill' ? tokens : 0,
        outputTokens: rows.reduce((sum, { token }) => sum + (token === undefined ? 0 : 1), 0),
      });
      const weights = rows.map(() => fresh);
      const shares = shareOut(runEnd - runStart, weights);
      const cpuShares = shareOut(cpuMs, weights);
      const seen = new Set<RequestTrace>();
      rows.forEach(({ id }, row) => {
        const noted = generations.get(id);
        const trace = noted?.generation.trace;
        const [deviceMs, rowCpuMs] = [shares[row] as number, cpuShares[row] as number];
        observer.deviceUsed(model, trace?.tenant, device, deviceMs, rowCpuMs);
        if (!noted) return;
        noted.fed += fresh;
        heldTokens += fresh;
        if (!trace) return;
        trace.addDeviceTime(deviceMs, device, rowCpuMs);
        if (seen.has(trace)) return;
        seen.add(trace);
        trace.enter('run', runStart);
        trace.enter('postprocess', runEnd);
        trace.enter(noted.generation.isResting ? 'stream' : 'queue', drawn);
      });
    },
  };
}
