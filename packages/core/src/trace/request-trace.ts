import { currentEpochOffset, type MonoMs, monoNow } from '../clock.ts';
import type { BatchShare, TraceRecord } from './record.ts';
import type { Mark, PhaseTotal } from './timeline.ts';

/** A request's start on both clocks. */
export interface RequestStart {
  readonly at: MonoMs;
  /** Whole µs since the epoch. */
  readonly epochUs: number;
}

/** The time now, on both clocks. */
export function requestStart(): RequestStart {
  const at = monoNow();
  return { at, epochUs: Math.round((at + currentEpochOffset(at)) * 1000) };
}

/** How a request ended. */
export interface Outcome {
  /** HTTP status; 499 when the client went away. */
  readonly status: number;
  /** Low-cardinality cause, as `error.type` of the conventions; only of failures. */
  readonly errorType?: string;
  /** @default now */
  readonly at?: MonoMs;
}

/**
 * One request's timeline while it runs: at each moment it is in one phase or in none, so that the phases and what is
 * left of the total (`unattributed`) always add up. Only timestamps are taken here.
 */
export interface RequestTrace {
  /** 16 hex digits: the id of its root span. */
  readonly eventId: string;
  readonly traceId: string;
  readonly startedAt: MonoMs;
  /** Start, whole µs since the epoch. */
  readonly startEpochUs: number;
  fnName: string;
  model: string | undefined;
  tenant: string | undefined;
  sessionHash: string | undefined;
  /** What a generative model is asked for, as `gen_ai.operation.name`: `chat` or `text_completion`. */
  operation: string | undefined;
  errorType: string | undefined;
  /** Status of a failure that came after the answer's status had left, such as in the middle of a stream. */
  lateStatus: number | undefined;
  readonly ended: boolean;
  /** Leaves the present phase and enters another; entering the present one again does nothing. */
  enter(phase: string, at?: MonoMs): void;
  /** Leaves the present phase; time until the next one is unattributed. */
  leave(at?: MonoMs): void;
  /** Puts marks that became known afterwards in the place of all marks from the first one's time on. */
  replay(marks: readonly Mark[]): void;
  /** Notes output that left: counts an iteration; the first one gives the time to first token. */
  wroteOutput(at?: MonoMs): void;
  /**
   * Notes when the model had a token ready.
   * @param previous when the token before it in the same text was; absent for the first of a text
   */
  generated(at: MonoMs, previous?: MonoMs): void;
  /** Notes model runs of an answer that is not streamed. */
  addIterations(count: number): void;
  /** Notes its part in a batch; the share counts as device time. */
  addBatch(share: BatchShare): void;
  /**
   * Notes its part of a model run that is no batch of its own.
   * @param ms of the device
   * @param device such as `cpu` or `cuda:0`
   * @param cpuMs of the executor
   */
  addDeviceTime(ms: number, device?: string, cpuMs?: number): void;
  /** Time in phases until now: whole µs that, with `unattributed`, add up to `totalUs`. */
  soFar(): { readonly totalUs: number; readonly totals: readonly PhaseTotal[] };
  /** Closes it. @returns the record; the same one if it was closed before */
  end(outcome: Outcome): TraceRecord;
}
