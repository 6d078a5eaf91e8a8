import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  trace as traceApi,
} from '@opentelemetry/api';
import { currentEpochOffset, type MonoMs, monoNow } from '../clock.ts';
import { DeviceUse, noBatches } from './device-use.ts';
import { Identity } from './identity.ts';
import { borrowMarks, MarkList, returnMarks } from './mark-list.ts';
import { OutputNotes } from './output-notes.ts';
import { PhaseEntry } from './phase-entry.ts';
import type { BatchShare, TraceRecord } from './record.ts';
import type { Outcome, RequestStart, RequestTrace } from './request-trace.ts';
import type { SpanStrategy } from './span-strategy.ts';
import type { Mark, PhaseTotal } from './timeline.ts';

export interface LiveTraceOptions {
  readonly method: string;
  readonly fnName: string;
  readonly start?: RequestStart;
  /** The span it is called in: the caller's of `traceparent`, or one of this process. */
  readonly parent?: SpanContext | undefined;
  /** The context that others' values come from. */
  readonly context: Context;
  readonly strategy: SpanStrategy;
}

/** Phase calls of one request that have a span each; of the rest the time is counted. */
const maxEntries = 512;

/** A request while it runs, and what spans are made of when it has ended. For this distribution's packages. */
export class LiveTrace extends Identity implements RequestTrace {
  context: Context;
  readonly startedAt: MonoMs;
  readonly startEpochUs: number;
  readonly method: string;
  fnName: string;
  model: string | undefined;
  tenant: string | undefined;
  sessionHash: string | undefined;
  operation: string | undefined;
  errorType: string | undefined;
  lateStatus: number | undefined;
  /** Whether it is left out of the ring, such as a look at the ring itself. */
  isOffRecord = false;
  /** Why it is exported; undefined when it is not. Known once it has ended. */
  kept: string | undefined;
  /** More attributes of the root span, asked for when it is exported. */
  attributes: (() => Readonly<Record<string, unknown>>) | undefined;
  /** Pattern of the HTTP route, empty where none is known; of what is not HTTP its name. */
  route = '';
  /** Span kind of the API; 1 is SERVER. */
  kind = 1;
  rootSpan: Span | undefined;
  /** Whether it is itself work that comes in parts, so that those within it are not outputs again. */
  isInParts = false;
  /** Whether all has been told of it: what comes now comes too late. */
  isReleased = false;
  /** Spans of the user's that ended before that, in the strategy's form. */
  children: unknown[] | undefined;
  /** Calls of `phase()`, in a list by `next`. */
  firstEntry: PhaseEntry | undefined;
  #lastEntry: PhaseEntry | undefined;
  entryCount = 0;
  readonly #strategy: SpanStrategy;
  /** Whether it was in phases by `enter` as well: its marks say more than its entries. */
  hasBase = false;
  #marks: MarkList;
  /** Phase by `enter`; phases by calls lie above it. */
  #base: string | undefined;
  /** 1 while that one is entered but still covered. */
  #baseEntered = 0;
  /** The open phase that was entered last; the others lie under it. */
  #top: PhaseEntry | undefined;
  #skippedEntries = 0;
  // Most requests of most applications run no model, and write no outputs.
  #outputs: OutputNotes | undefined;
  #use: DeviceUse | undefined;
  #record: TraceRecord | undefined;
  /** Stands for its spans after its end. */
  #late: Span | undefined;

  constructor(options: LiveTraceOptions) {
    super(options.parent);
    this.#strategy = options.strategy;
    this.context = options.context;
    this.method = options.method;
    this.fnName = options.fnName;
    if (options.start) {
      this.startedAt = options.start.at;
      this.startEpochUs = options.start.epochUs;
    } else {
      const at = monoNow();
      this.startedAt = at;
      this.startEpochUs = Math.round((at + currentEpochOffset(at)) * 1000);
    }
    this.#marks = borrowMarks();
  }

  get #noted(): OutputNotes {
    this.#outputs ??= new OutputNotes();
    return this.#outputs;
  }

  get ended(): boolean {
    return this.#record !== undefined;
  }

  /** The phase by a call that is the present one. */
  get innermost(): PhaseEntry | undefined {
    return this.#top;
  }

  /** Calls of `phase()`, in their order. */
  get entries(): PhaseEntry[] {
    const all: PhaseEntry[] = [];
    for (let entry = this.firstEntry; entry !== undefined; entry = entry.next) all.push(entry);
    return all;
  }

  /** The span of the request, or of one of its phases: made when it is first asked for. */
  spanOf(entry: PhaseEntry | undefined): Span {
    const known = entry === undefined ? this.rootSpan : entry.span;
    if (known !== undefined) return known;
    if (entry !== undefined && entry.index < 0) return this.spanOf(entry.parent);
    if (this.isReleased) {
      // A span that is made now would be exported by nobody: what comes late is a child of the root.
      this.#late ??= traceApi.wrapSpanContext(this.spanContext());
      return this.#late;
    }
    const made = entry === undefined ? this.#strategy.rootSpan(this) : this.#strategy.phaseSpan(this, entry);
    if (entry === undefined) this.rootSpan = made;
    else entry.span = made;
    return made;
  }

  enter(phase: string, at: MonoMs = monoNow()): void {
    this.hasBase = true;
    if (phase === this.#base || this.#record) return;
    this.#base = phase;
    if (this.#top === undefined) this.#marks.add(phase, this.us(at), 1);
    else this.#baseEntered = 1;
  }

  leave(at: MonoMs = monoNow()): void {
    if (this.#record) return;
    this.#base = undefined;
    this.#baseEntered = 0;
    if (this.#top === undefined) this.#marks.add(undefined, this.us(at), 0);
  }

  /**
   * Enters a phase that lies above the present ones until it is left.
   * @param context that it was called in
   * @param parent the entry that it was called in
   * @param below the user's own span that it was called in
   */
  openPhase(
    name: string,
    context: Context,
    parent: PhaseEntry | undefined,
    below: SpanContext | undefined,
  ): PhaseEntry {
    const atUs = this.us(monoNow());
    const isSkipped = this.entryCount >= maxEntries;
    const entry = new PhaseEntry(this, name, context, parent, below, isSkipped ? -1 : this.entryCount, atUs);
    if (isSkipped) this.#skippedEntries++;
    else {
      this.entryCount++;
      if (this.#lastEntry === undefined) this.firstEntry = entry;
      else this.#lastEntry.next = entry;
      this.#lastEntry = entry;
      this.#strategy.phaseOpened?.(this, entry);
    }
    entry.under = this.#top;
    this.#top = entry;
    this.#marks.add(name, atUs, 1);
    return entry;
  }

  /** Leaves a phase: the one below it goes on. */
  closePhase(entry: PhaseEntry, isDone: boolean): void {
    // It was over with its request.
    if (entry.isDone) return;
    const atUs = this.us(monoNow());
    entry.rest(atUs);
    this.#takeOff(entry);
    const top = this.#top;
    if (top !== undefined) this.#marks.add(top.name, atUs, 0);
    else {
      this.#marks.add(this.#base, atUs, this.#baseEntered);
      this.#baseEntered = 0;
    }
    if (isDone) this.finishPhase(entry);
  }

  #takeOff(entry: PhaseEntry): void {
    const { under } = entry;
    entry.under = undefined;
    if (this.#top === entry) {
      this.#top = under;
      return;
    }
    // Another one was entered since, and is still open.
    let above = this.#top;
    while (above !== undefined && above.under !== entry) above = above.under;
    if (above !== undefined) above.under = under;
  }

  /** Leaves a phase whose work comes in parts: stretches count from the first part on. */
  pausePhase(entry: PhaseEntry): void {
    this.closePhase(entry, false);
    entry.count = 0;
    entry.isInParts = true;
  }

  /** Enters a phase again that was left before it was done. */
  resumePhase(entry: PhaseEntry): void {
    if (entry.isDone) return;
    const atUs = this.us(monoNow());
    // The call that made the generator was the first entry already.
    const isFirst = entry.count++ === 0;
    entry.resumedUs = atUs;
    entry.under = this.#top;
    this.#top = entry;
    this.#marks.add(entry.name, atUs, isFirst ? 0 : 1);
  }

  /** Notes that a phase whose work comes in parts is done. */
  finishPhase(entry: PhaseEntry): void {
    if (entry.isDone) return;
    entry.isDone = true;
    if (entry.index >= 0) this.#strategy.phaseClosed?.(this, entry);
  }

  /** Notes an item of a phase whose work comes in parts, unless what it is part of does. */
  wrotePart(entry: PhaseEntry): void {
    if (this.isInParts) return;
    for (let above = entry.parent; above !== undefined; above = above.parent) if (above.isInParts) return;
    this.wroteOutput();
  }

  replay(marks: readonly Mark[]): void {
    this.hasBase = true;
    if (this.#record || marks.length === 0) return;
    this.#marks.replace(marks, this.startedAt);
    this.#base = marks[marks.length - 1]?.phase;
    this.#baseEntered = 0;
  }

  wroteOutput(at: MonoMs = monoNow()): void {
    this.#noted.wrote(at);
  }

  generated(at: MonoMs, previous?: MonoMs): void {
    this.#noted.generated(at, previous);
  }

  addIterations(count: number): void {
    this.#noted.iterations += count;
  }

  addBatch(share: BatchShare): void {
    // The record has the list by reference, and must stay as it was told.
    if (this.#record) return;
    this.addDeviceTime(share.deviceMsShare, share.device, share.cpuMsShare);
    this.#use?.batches.push(share);
  }

  addDeviceTime(ms: number, device?: string, cpuMs = 0): void {
    this.#use ??= new DeviceUse();
    this.#use.add(ms, device, cpuMs);
  }

  /** µs since its start. */
  us(at: MonoMs): number {
    const us = Math.round((at - this.startedAt) * 1000);
    return us > 0 ? us : 0;
  }

  soFar(): { readonly totalUs: number; readonly totals: readonly PhaseTotal[] } {
    if (this.#record) return this.#record;
    const totalUs = this.us(monoNow());
    return { totalUs, totals: this.#marks.totals(totalUs) };
  }

  end(outcome: Outcome): TraceRecord {
    if (this.#record) return this.#record;
    const at = outcome.at ?? monoNow();
    const totalUs = this.us(at);
    this.#closeEntries(totalUs);
    const marks = this.#marks;
    const timeline = marks.timeline(totalUs);
    const record: TraceRecord = {
      trace: this,
      fnName: this.route === '' ? this.fnName : this.route,
      route: this.route,
      method: this.method,
      model: this.model,
      tenant: this.tenant,
      sessionHash: this.sessionHash,
      operation: this.operation,
      startEpochUs: this.startEpochUs,
      atUs: timeline.atUs,
      phases: timeline.phases,
      totalUs,
      totals: marks.totals(totalUs),
      status: this.lateStatus ?? outcome.status,
      errorType: outcome.errorType ?? this.errorType,
      ttftUs: this.#outputs?.ttftUs(this),
      generation: this.#outputs?.generation(this),
      iterations: this.#outputs?.iterations ?? 0,
      deviceMs: this.#use?.ms ?? 0,
      device: this.#use?.device,
      cpuMs: this.#use?.cpuMs ?? 0,
      batches: this.#use?.batches ?? noBatches,
      skippedPhases: this.#skippedEntries,
    };
    this.#record = record;
    this.#marks = nobodysMarks;
    returnMarks(marks);
    return record;
  }

  /** What is still in a phase ends with the request. */
  #closeEntries(atUs: number): void {
    for (let open = this.#top; open !== undefined; open = open.under) {
      open.rest(atUs > open.resumedUs ? atUs : open.resumedUs);
    }
    for (let entry = this.firstEntry; entry !== undefined; entry = entry.next) this.finishPhase(entry);
    // The skipped ones among them.
    for (let open = this.#top; open !== undefined; open = open.under) this.finishPhase(open);
    this.#top = undefined;
  }

  /** Lets go of what only spans need, once they are made: a ring keeps records for long. */
  release(): void {
    this.isReleased = true;
    this.attributes = undefined;
    this.children = undefined;
    this.rootSpan = undefined;
    // Whoever still holds the context of a phase shall not hold all the others.
    for (let entry = this.firstEntry; entry !== undefined; ) {
      const { next } = entry;
      entry.next = undefined;
      entry.under = undefined;
      entry = next;
    }
    this.firstEntry = undefined;
    this.#lastEntry = undefined;
    this.entryCount = 0;
    this.context = ROOT_CONTEXT;
  }
}

/** What is noted of a request after its end goes nowhere. */
const nobodysMarks = new MarkList();
