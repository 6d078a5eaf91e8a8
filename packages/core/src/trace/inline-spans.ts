import {
  type Attributes,
  context as contextApi,
  type HrTime,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace as traceApi,
} from '@opentelemetry/api';
import { currentEpochOffset } from '../clock.ts';
import { ATTR, SPAN } from '../semconv.ts';
import type { LiveTrace } from './live-trace.ts';
import { type BatchRecord, defaultDevice, type GenerationTimes, type TraceRecord } from './record.ts';
import { rootAttributes, rootName } from './root-attributes.ts';
import { type Interval, type PhaseSpan, planPhases } from './span-plan.ts';
import type { BatchLink, SpanStrategy } from './span-strategy.ts';

/** Exact to the microsecond, which a float of milliseconds since the epoch is not. @param epochUs whole µs */
export function hrTimeOfUs(epochUs: number): HrTime {
  const seconds = Math.floor(epochUs / 1e6);
  return [seconds, (epochUs - seconds * 1e6) * 1000];
}

/** Spans made as the request goes on, by the API's tracer: each passes through all processors of the stock SDK. */
export function createInlineSpans(tracer: Tracer = traceApi.getTracer('@inferometer/core')): SpanStrategy {
  const below = (trace: LiveTrace, parent: Span) => traceApi.setSpan(trace.context, parent);
  return {
    // The stock SDK's sampler decides when the root span is made.
    isSampled: (trace) => (trace.spanOf(undefined).spanContext().traceFlags & 1) === 1,
    rootSpan(trace) {
      const span = tracer.startSpan(
        rootName(trace.method, trace.route),
        {
          kind: trace.kind as SpanKind,
          startTime: hrTimeOfUs(trace.startEpochUs),
          attributes: (trace.attributes?.() ?? {}) as Attributes,
        },
        trace.context,
      );
      trace.adoptIds(span.spanContext());
      return span;
    },
    phaseSpan: (trace, entry) =>
      tracer.startSpan(
        `inference.${entry.name}`,
        {
          startTime: hrTimeOfUs(trace.startEpochUs + entry.startUs),
          attributes: { [ATTR.phase]: entry.name },
        },
        entry.below
          ? traceApi.setSpanContext(trace.context, entry.below)
          : below(trace, trace.spanOf(entry.parent)),
      ),
    phaseOpened: (trace, entry) => void trace.spanOf(entry),
    phaseClosed(trace, entry) {
      const span = trace.spanOf(entry);
      if (entry.count > 1) {
        span.setAttributes({
          [ATTR.phaseCount]: entry.count,
          [ATTR.phaseActiveMs]: entry.activeUs / 1000,
        });
      }
      if (entry.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(hrTimeOfUs(trace.startEpochUs + entry.endUs));
    },
    ended(trace, record) {
      const root = trace.spanOf(undefined);
      if (root.isRecording()) trace.kept = 'inline';
      root.updateName(rootName(record.method, record.route));
      root.setAttributes(rootAttributes(record));
      if (record.status >= 500) {
        root.setStatus({
          code: SpanStatusCode.ERROR,
          message: record.errorType ?? `status ${record.status}`,
        });
      }
      if (root.isRecording()) emitPhases(tracer, trace, record, root);
      root.end(hrTimeOfUs(record.startEpochUs + record.totalUs));
    },
    batchEnded: (batch, requests) => emitBatchSpan(tracer, batch, requests as readonly LiveTrace[]),
  };
}

function emitPhases(tracer: Tracer, trace: LiveTrace, record: TraceRecord, root: Span): void {
  const parent = traceApi.setSpan(trace.context, root);
  const at = (us: number): HrTime => hrTimeOfUs(record.startEpochUs + us);
  const covered = trace.entries
    .filter((entry) => entry.parent === undefined)
    .map((entry): Interval => [entry.startUs, entry.endUs]);
  for (const phase of planPhases(record, record.generation !== undefined, covered)) {
    const span = tracer.startSpan(
      `inference.${phase.phase}`,
      { startTime: at(phase.startUs), attributes: phaseAttributes(phase), links: linksOf(phase, record) },
      parent,
    );
    if (phase.phase === 'run' && record.generation) {
      const inRun = traceApi.setSpan(parent, span);
      for (const step of generationSteps(phase, record.generation)) {
        tracer
          .startSpan(step.name, { startTime: at(step.startUs), attributes: step.attributes }, inRun)
          .end(at(step.endUs));
      }
    }
    span.end(at(phase.endUs));
  }
}

/** Prefill until the first token, decode until the last, within the run. */
export function generationSteps(
  run: Pick<PhaseSpan, 'startUs' | 'endUs'>,
  { firstUs, lastUs, tokens }: Pick<GenerationTimes, 'firstUs' | 'lastUs' | 'tokens'>,
): { name: string; startUs: number; endUs: number; attributes: Attributes }[] {
  const within = (us: number): number => Math.min(Math.max(us, run.startUs), run.endUs);
  const steps = [];
  if (firstUs > run.startUs) {
    steps.push({ name: SPAN.prefill, startUs: run.startUs, endUs: within(firstUs), attributes: {} });
  }
  if (lastUs > firstUs && within(lastUs) > within(firstUs)) {
    steps.push({
      name: SPAN.decode,
      startUs: within(firstUs),
      endUs: within(lastUs),
      attributes: { [ATTR.iterations]: tokens },
    });
  }
  return steps;
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
    if (!batch.link) continue;
    links.push({
      context: batch.link.spanContext,
      attributes: {
        [ATTR.batchId]: batch.id,
        [ATTR.batchSize]: batch.size,
        [ATTR.deviceMsShare]: batch.deviceMsShare,
      },
    });
  }
  return links;
}

/** What the span of a batch says. */
export function batchAttributes(batch: Omit<BatchRecord, 'dispatched' | 'runStart' | 'runEnd'>): Attributes {
  return {
    [ATTR.model]: batch.model,
    [ATTR.executor]: batch.executor,
    [ATTR.device]: batch.device ?? defaultDevice,
    [ATTR.batchId]: batch.id,
    [ATTR.batchReason]: batch.reason,
    [ATTR.batchSize]: batch.size,
    [ATTR.batchTokens]: batch.tokens,
    [ATTR.batchPaddingRatio]: batch.paddingRatio,
  };
}

/** Makes the span of a batch: a trace of its own, linked to each request in it. */
function emitBatchSpan(
  tracer: Tracer,
  batch: BatchRecord,
  requests: readonly LiveTrace[],
): BatchLink | undefined {
  const offset = currentEpochOffset();
  const at = (mono: number): HrTime => hrTimeOfUs(Math.round((mono + offset) * 1000));
  const links = requests.filter((it) => it.sampled).map((it) => ({ context: it.spanContext() }));
  if (links.length === 0) return undefined;
  const span = tracer.startSpan(
    SPAN.batchRun,
    {
      kind: SpanKind.INTERNAL,
      root: true,
      startTime: at(batch.dispatched),
      links,
      attributes: batchAttributes(batch),
    },
    contextApi.active(),
  );
  span.end(at(batch.runEnd));
  return span.isRecording() || traceApi.isSpanContextValid(span.spanContext())
    ? { spanContext: span.spanContext() }
    : undefined;
}
