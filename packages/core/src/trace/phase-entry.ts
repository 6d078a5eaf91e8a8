import type { Context, Span, SpanContext } from '@opentelemetry/api';
import type { LiveTrace } from './live-trace.ts';
import type { Ending } from './run-to-end.ts';
import { TraceContext } from './trace-context.ts';

/**
 * One call of `phase()`, open or done, in one stretch or in many: what is known of it, the context that its function runs
 * in, and who is told how it goes on. One object for all three, for a request makes many. For this distribution's
 * packages.
 */
export class PhaseEntry extends TraceContext implements Ending {
  readonly name: string;
  /** The entry that it was called in; undefined directly below the request. */
  readonly parent: PhaseEntry | undefined;
  /** The user's own span that it was called in, nearer than the parent entry. */
  readonly below: SpanContext | undefined;
  /** Its place among the request's entries; -1 past the limit: its time counts, but its span is its parent's. */
  readonly index: number;
  /** µs since the request's start: whole numbers, which an object holds without a box. */
  readonly startUs: number;
  endUs: number;
  /** Stretches: 1, or how often a generator was resumed. */
  count = 1;
  activeUs = 0;
  /** Start of the present stretch, µs. */
  resumedUs: number;
  /** Its span, if anybody asked for it. */
  span: Span | undefined = undefined;
  /** What its function threw; null where it threw undefined. */
  error: unknown = undefined;
  /** Whether it is over, of its own or with its request. */
  isDone = false;
  /** Whether its work comes in parts. */
  isInParts = false;
  /** The entry that was opened after it. */
  next: PhaseEntry | undefined = undefined;
  /** While it is open, the open one that was entered before it. */
  under: PhaseEntry | undefined = undefined;

  constructor(
    trace: LiveTrace,
    name: string,
    context: Context,
    parent: PhaseEntry | undefined,
    below: SpanContext | undefined,
    index: number,
    atUs: number,
  ) {
    super(context, trace);
    this.name = name;
    this.parent = parent;
    this.below = below;
    this.index = index;
    this.startUs = atUs;
    this.endUs = atUs;
    this.resumedUs = atUs;
  }

  override get entry(): PhaseEntry {
    return this;
  }

  /** Ends the present stretch. */
  rest(atUs: number): void {
    this.endUs = atUs;
    this.activeUs += atUs - this.resumedUs;
  }

  succeeded(): void {
    // Parts rest when the last of them is done.
    if (this.isInParts) this.trace.finishPhase(this);
    else this.trace.closePhase(this, true);
  }

  failed(error: unknown): void {
    this.error = error ?? null;
    this.succeeded();
  }

  inParts(): void {
    this.trace.pausePhase(this);
  }

  resume(): void {
    this.trace.resumePhase(this);
  }

  pause(): void {
    this.trace.closePhase(this, false);
  }

  output(): void {
    this.trace.wrotePart(this);
  }
}
