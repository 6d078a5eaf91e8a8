import { randomBytes } from 'node:crypto';
import { currentEpochOffset, type MonoMs, monoNow } from '../clock.ts';
import type { PhaseName } from '../semconv.ts';
import type { BatchShare, TraceRecord } from './record.ts';
import { type Mark, type Segment, totalsOf } from './timeline.ts';

export interface RequestTraceOptions {
  readonly method: string;
  /** Route where known, else the path; `fnName` can be set until the end. */
  readonly fnName: string;
  /** The trace it belongs to: 32 hex digits. @default a random one */
  readonly traceId?: string;
  /** @default now */
  readonly start?: RequestStart;
}

/** A request's start on both clocks. */
export interface RequestStart {
  readonly at: MonoMs;
  /** Whole µs since the epoch. */
  readonly epochUs: number;
}

/** The time now, on both clocks. */
export function requestStart(): RequestStart {
  const at = monoNow();
  return { at, epochUs: Math.round((at + currentEpochOffset()) * 1000) };
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
  readonly eventId: string;
  readonly traceId: string;
  readonly startedAt: MonoMs;
  /** Start, whole µs since the epoch. */
  readonly startEpochUs: number;
  fnName: string;
  model: string | undefined;
  tenant: string | undefined;
  sessionHash: string | undefined;
  errorType: string | undefined;
  /** Status of a failure that came after the answer's status had left, such as in the middle of a stream. */
  lateStatus: number | undefined;
  readonly ended: boolean;
  /** Leaves the present phase and enters another; entering the present one again does nothing. */
  enter(phase: PhaseName, at?: MonoMs): void;
  /** Leaves the present phase; time until the next one is unattributed. */
  leave(at?: MonoMs): void;
  /** Puts marks that became known afterwards in the place of all marks from the first one's time on. */
  replay(marks: readonly Mark[]): void;
  /** Notes output that left: counts an iteration; the first one gives the time to first token. */
  wroteOutput(at?: MonoMs): void;
  /** Notes when the model had a token ready. */
  generated(at: MonoMs): void;
  /** Notes model runs of an answer that is not streamed. */
  addIterations(count: number): void;
  /** Notes its part in a batch; the share counts as device time. */
  addBatch(share: BatchShare): void;
  /** Notes time of model runs that were its own alone, ms. */
  addDeviceTime(ms: number): void;
  /** Closes it. @returns the record; the same one if it was closed before */
  end(outcome: Outcome): TraceRecord;
}

class LiveTrace implements RequestTrace {
  readonly eventId = randomBytes(8).toString('hex');
  readonly traceId: string;
  readonly startedAt: MonoMs;
  readonly startEpochUs: number;
  fnName: string;
  model: string | undefined;
  tenant: string | undefined;
  sessionHash: string | undefined;
  errorType: string | undefined;
  lateStatus: number | undefined;
  readonly #method: string;
  // Parallel arrays: no object is made per mark.
  readonly #at: number[] = [];
  readonly #phase: (PhaseName | undefined)[] = [];
  readonly #batches: BatchShare[] = [];
  #firstOutput: MonoMs | undefined;
  #firstToken: MonoMs | undefined;
  #lastToken: MonoMs = 0;
  #tokens = 0;
  #iterations = 0;
  #deviceMs = 0;
  #record: TraceRecord | undefined;

  constructor(options: RequestTraceOptions) {
    this.#method = options.method;
    this.fnName = options.fnName;
    this.traceId = options.traceId ?? randomBytes(16).toString('hex');
    const start = options.start ?? requestStart();
    this.startedAt = start.at;
    this.startEpochUs = start.epochUs;
  }

  get ended(): boolean {
    return this.#record !== undefined;
  }

  enter(phase: PhaseName, at: MonoMs = monoNow()): void {
    this.#mark(phase, at);
  }

  leave(at: MonoMs = monoNow()): void {
    this.#mark(undefined, at);
  }

  replay(marks: readonly Mark[]): void {
    const from = marks[0]?.at;
    if (from === undefined || this.#record) return;
    while (this.#at.length > 0 && (this.#at[this.#at.length - 1] as number) >= from) {
      this.#at.pop();
      this.#phase.pop();
    }
    for (const mark of marks) this.#mark(mark.phase, mark.at);
  }

  #mark(phase: PhaseName | undefined, at: MonoMs): void {
    if (this.#record || this.#phase[this.#phase.length - 1] === phase) return;
    // Clocks of processes agree to well under a microsecond; a mark never lies before the one it follows.
    this.#at.push(Math.max(at, this.#at[this.#at.length - 1] ?? this.startedAt));
    this.#phase.push(phase);
  }

  wroteOutput(at: MonoMs = monoNow()): void {
    this.#firstOutput ??= at;
    this.#iterations++;
  }

  generated(at: MonoMs): void {
    this.#firstToken ??= at;
    this.#lastToken = Math.max(this.#lastToken, at);
    this.#tokens++;
  }

  addIterations(count: number): void {
    this.#iterations += count;
  }

  addBatch(share: BatchShare): void {
    this.#batches.push(share);
    this.#deviceMs += share.deviceMsShare;
  }

  addDeviceTime(ms: number): void {
    this.#deviceMs += ms;
  }

  #us(at: MonoMs): number {
    return Math.max(0, Math.round((at - this.startedAt) * 1000));
  }

  end(outcome: Outcome): TraceRecord {
    if (this.#record) return this.#record;
    const totalUs = this.#us(outcome.at ?? monoNow());
    const segments: Segment[] = [];
    for (let i = 0; i < this.#at.length; i++) {
      const phase = this.#phase[i];
      if (phase === undefined) continue;
      const next = this.#at[i + 1];
      const startUs = Math.min(this.#us(this.#at[i] as number), totalUs);
      const endUs = next === undefined ? totalUs : Math.min(this.#us(next), totalUs);
      if (endUs > startUs || next === undefined) segments.push({ phase, startUs, endUs });
    }
    this.#record = {
      eventId: this.eventId,
      traceId: this.traceId,
      fnName: this.fnName,
      method: this.#method,
      model: this.model,
      tenant: this.tenant,
      sessionHash: this.sessionHash,
      startEpochUs: this.startEpochUs,
      totalUs,
      segments,
      totals: totalsOf(segments, totalUs),
      status: this.lateStatus ?? outcome.status,
      errorType: outcome.errorType ?? this.errorType,
      ttftUs: this.#firstOutput === undefined ? undefined : this.#us(this.#firstOutput),
      generation:
        this.#firstToken === undefined
          ? undefined
          : { firstUs: this.#us(this.#firstToken), lastUs: this.#us(this.#lastToken), tokens: this.#tokens },
      iterations: this.#iterations,
      deviceMs: this.#deviceMs,
      batches: this.#batches,
    };
    return this.#record;
  }
}

/** Opens the timeline of a request, in no phase. */
export function createRequestTrace(options: RequestTraceOptions): RequestTrace {
  return new LiveTrace(options);
}
