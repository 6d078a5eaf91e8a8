import {
  type Attributes,
  type Context,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace as traceApi,
} from '@opentelemetry/api';
import { currentEpochOffset } from '../clock.ts';
import { ATTR, type PhaseName, SPAN } from '../semconv.ts';
import type { BatchRecord, TraceRecord } from './record.ts';
import type { Segment } from './timeline.ts';

/** Past this many stretches a trace shows one span for all its runs: a backend is read by people. */
const maxSegmentSpans = 32;

/** Exact to the microsecond, which a float of milliseconds since the epoch is not. */
export function hrTimeOfUs(epochUs: number): HrTime {
  const seconds = Math.floor(epochUs / 1e6);
  return [seconds, (epochUs - seconds * 1e6) * 1000];
}

interface PhaseSpan {
  readonly phase: PhaseName;
  readonly startUs: number;
  readonly endUs: number;
  readonly count: number;
  readonly activeUs: number;
}

/** The stretches with the gaps between them as `unattributed`, so that the children of the root leave no hole. */
export function fillGaps(segments: readonly Segment[], totalUs: number): Segment[] {
  const filled: Segment[] = [];
  let at = 0;
  for (const segment of segments) {
    if (segment.startUs > at) filled.push({ phase: 'unattributed', startUs: at, endUs: segment.startUs });
    filled.push(segment);
    at = segment.endUs;
  }
  if (at < totalUs) filled.push({ phase: 'unattributed', startUs: at, endUs: totalUs });
  return filled;
}

/**
 * What is drawn as spans: every stretch; or, of a generation and of a request with very many of them, those before
 * the first run and after the last one, and in between one span that says how much of it was really running.
 */
function phaseSpans(record: TraceRecord): PhaseSpan[] {
  const all = fillGaps(record.segments, record.totalUs).map((segment) => ({
    ...segment,
    count: 1,
    activeUs: segment.endUs - segment.startUs,
  }));
  if (all.length <= maxSegmentSpans && !record.generation) return all;
  const first = all.findIndex((span) => span.phase === 'run');
  const last = all.findLastIndex((span) => span.phase === 'run');
  if (first < 0) return all;
  const middle = all.slice(first, last + 1).filter((span) => span.phase === 'run');
  const merged: PhaseSpan = {
    phase: 'run',
    startUs: (all[first] as PhaseSpan).startUs,
    endUs: (all[last] as PhaseSpan).endUs,
    count: middle.length,
    activeUs: middle.reduce((sum, span) => sum + span.activeUs, 0),
  };
  return [...all.slice(0, first), merged, ...all.slice(last + 1)];
}

/** Sets the root span's outcome, adds the phases below it and ends it. */
export function emitRequestSpans(tracer: Tracer, root: Span, context: Context, record: TraceRecord): void {
  root.updateName(`${record.method} ${record.fnName}`);
  root.setAttributes(rootAttributes(record));
  if (record.status >= 500) {
    root.setStatus({ code: SpanStatusCode.ERROR, message: record.errorType ?? `status ${record.status}` });
  }
  if (root.isRecording()) {
    const parent = traceApi.setSpan(context, root);
    const at = (us: number): HrTime => hrTimeOfUs(record.startEpochUs + us);
    for (const phase of phaseSpans(record)) {
      const span = tracer.startSpan(
        `inference.${phase.phase}`,
        { startTime: at(phase.startUs), attributes: phaseAttributes(phase), links: linksOf(phase, record) },
        parent,
      );
      if (phase.phase === 'run' && record.generation) {
        emitGenerationSpans(tracer, traceApi.setSpan(parent, span), phase, record, at);
      }
      span.end(at(phase.endUs));
    }
  }
  root.end(hrTimeOfUs(record.startEpochUs + record.totalUs));
}

/** Prefill until the first token, decode until the last, below the run (or the run's first stretch). */
function emitGenerationSpans(
  tracer: Tracer,
  parent: Context,
  run: PhaseSpan,
  record: TraceRecord,
  at: (us: number) => HrTime,
): void {
  const { firstUs, lastUs, tokens } = record.generation as NonNullable<TraceRecord['generation']>;
  const within = (us: number): number => Math.min(Math.max(us, run.startUs), run.endUs);
  if (firstUs > run.startUs) {
    tracer.startSpan(SPAN.prefill, { startTime: at(run.startUs) }, parent).end(at(within(firstUs)));
  }
  if (lastUs > firstUs && within(lastUs) > within(firstUs)) {
    tracer
      .startSpan(
        SPAN.decode,
        { startTime: at(within(firstUs)), attributes: { [ATTR.iterations]: tokens } },
        parent,
      )
      .end(at(within(lastUs)));
  }
}

function rootAttributes(record: TraceRecord): Attributes {
  const attributes: Attributes = {
    [ATTR.httpStatus]: record.status,
    [ATTR.httpRoute]: record.fnName,
    [ATTR.eventId]: record.eventId,
    [ATTR.unattributedMs]:
      (record.totals.find((total) => total.name === 'unattributed')?.durationUs ?? 0) / 1000,
    [ATTR.iterations]: record.iterations,
    [ATTR.deviceMs]: record.deviceMs,
  };
  if (record.model !== undefined) {
    attributes[ATTR.model] = record.model;
    attributes[ATTR.genAiRequestModel] = record.model;
  }
  if (record.tenant !== undefined) attributes[ATTR.tenant] = record.tenant;
  if (record.sessionHash !== undefined) attributes[ATTR.session] = record.sessionHash;
  if (record.errorType !== undefined) attributes[ATTR.errorType] = record.errorType;
  if (record.ttftUs !== undefined) attributes[ATTR.ttftMs] = record.ttftUs / 1000;
  return attributes;
}

function phaseAttributes(phase: PhaseSpan): Attributes {
  const attributes: Attributes = { [ATTR.phase]: phase.phase };
  if (phase.count > 1) {
    attributes[ATTR.phaseCount] = phase.count;
    attributes[ATTR.phaseActiveMs] = phase.activeUs / 1000;
  }
  return attributes;
}

/** The `batch` and `run` spans link to the spans of the batches that carried the request. */
function linksOf(phase: PhaseSpan, record: TraceRecord): Link[] {
  if (phase.phase !== 'batch' && phase.phase !== 'run') return [];
  const links: Link[] = [];
  for (const batch of record.batches) {
    if (!batch.spanContext) continue;
    links.push({
      context: batch.spanContext,
      attributes: {
        [ATTR.batchId]: batch.id,
        [ATTR.batchSize]: batch.size,
        [ATTR.deviceMsShare]: batch.deviceMsShare,
      },
    });
  }
  return links;
}

/**
 * Makes the span of a batch: a trace of its own, linked to each request in it.
 * @returns its context, for the requests to link to; undefined when nothing records spans
 */
export function emitBatchSpan(
  tracer: Tracer,
  batch: BatchRecord,
  root: Context,
  requests: readonly SpanContext[],
): SpanContext | undefined {
  const offset = currentEpochOffset();
  const at = (mono: number): HrTime => hrTimeOfUs(Math.round((mono + offset) * 1000));
  const span = tracer.startSpan(
    SPAN.batchRun,
    {
      kind: SpanKind.INTERNAL,
      root: true,
      startTime: at(batch.dispatched),
      links: requests.map((context) => ({ context })),
      attributes: {
        [ATTR.model]: batch.model,
        [ATTR.executor]: batch.executor,
        [ATTR.batchId]: batch.id,
        [ATTR.batchReason]: batch.reason,
        [ATTR.batchSize]: batch.size,
        [ATTR.batchTokens]: batch.tokens,
        [ATTR.batchPaddingRatio]: batch.paddingRatio,
      },
    },
    root,
  );
  span.end(at(batch.runEnd));
  return span.isRecording() || traceApi.isSpanContextValid(span.spanContext())
    ? span.spanContext()
    : undefined;
}
