import {
  defaultSpanLimits,
  type Interval,
  LiveSpan,
  type LiveTrace,
  liveSpans,
  messageOf,
  planPhases,
  type RequestTrace,
  type SpanLimits,
  type SpanStrategy,
  type TraceRecord,
} from '@inferometer/core';
import { diag, SpanStatusCode } from '@opentelemetry/api';
import type { PlainSpan } from '../shared/plain-span.ts';
import type { SpanRing } from '../shared/span-ring.ts';
import { createDeferredBatch, type DeferredBatch, writeBatch } from './deferred-batch.ts';
import type { HeadSampler } from './head-sampler.ts';
import type { Decision, KeepPolicy } from './keep-policy.ts';
import { writeRequest } from './request-words.ts';
import { createWordWriter } from './word-writer.ts';

export interface DeferredSpansOptions {
  readonly ring: SpanRing;
  readonly sampler: HeadSampler;
  readonly policy: KeepPolicy;
  readonly limits?: SpanLimits;
  /** Whether a histogram has use for a request as an exemplar. */
  readonly wantsExemplar: (record: TraceRecord) => boolean;
  /** Told of each decision. */
  readonly decided: (decision: Decision) => void;
  /** Told of a request that found the ring full. */
  readonly dropped: (spans: number) => void;
  /** Takes what makes the next message say all its texts anew: for a reader that knows none. */
  readonly onForget?: (forget: () => void) => void;
  /** Gets the user's own spans of a request that is exported. */
  readonly forward: (spans: readonly PlainSpan[]) => void;
}

/** Words of a request like most. With less room nothing is written: it would have to be taken back, and all texts with it. */
const leastRoom = 1024;

const mustKeep: ReadonlySet<string> = new Set(['error', 'slow', 'exemplar']);

/**
 * Spans that a worker makes: here only ids are given out, when somebody asks for them, and the record is copied into the
 * ring when the request has ended and is one that is exported.
 */
export function createDeferredSpans(options: DeferredSpansOptions): SpanStrategy {
  const { ring, sampler, policy } = options;
  const limits = options.limits ?? defaultSpanLimits;
  const writer = createWordWriter();
  options.onForget?.(() => writer.forget());

  const write = (trace: LiveTrace, record: TraceRecord, must: boolean): boolean => {
    if (ring.free < leastRoom) {
      options.dropped(spansOf(trace, record));
      return false;
    }
    writer.start();
    for (const { link } of record.batches) {
      const batch = link as DeferredBatch | undefined;
      if (batch !== undefined && !batch.sent) writeBatch(writer, batch, must);
    }
    writeRequest(writer, trace, record, must);
    if (!ring.write(writer.texts, writer.items)) {
      writer.forget();
      options.dropped(spansOf(trace, record));
      return false;
    }
    for (const { link } of record.batches) if (link !== undefined) (link as DeferredBatch).sent = true;
    return true;
  };

  const keep = (trace: LiveTrace, record: TraceRecord): void => {
    const decision = policy.decide({
      route: record.route,
      totalUs: record.totalUs,
      failed: isFailure(trace, record),
      wantsExemplar: () => options.wantsExemplar(record),
    });
    options.decided(decision);
    if (decision === 'not_chosen' || decision === 'rate_limited') return;
    trace.kept = decision;
    // What is not on its way to the worker must not be pointed to.
    if (!write(trace, record, mustKeep.has(decision))) trace.kept = undefined;
    else if (trace.children) options.forward(trace.children as PlainSpan[]);
  };

  return {
    ...liveSpans(limits, (trace) => trace.sampled && !trace.ended),
    isSampled: sampler,
    ended(trace, record) {
      if (!trace.sampled) return;
      try {
        keep(trace, record);
      } catch (error) {
        // An attribute that cannot be written, such as a getter that throws: the request has been answered all the same.
        trace.kept = undefined;
        writer.forget();
        diag.error(`a trace cannot be exported: ${messageOf(error)}`);
      }
    },
    batchEnded: (batch, requests: readonly RequestTrace[]) =>
      createDeferredBatch(batch, requests as readonly LiveTrace[]),
  };
}

/** Spans that a request would have become, its user's own among them. */
function spansOf(trace: LiveTrace, record: TraceRecord): number {
  const { entries, children } = trace;
  const covered = entries
    .filter(({ parent }) => parent === undefined)
    .map((entry): Interval => [entry.startUs, entry.endUs]);
  const planned = planPhases(record, record.generation !== undefined, covered);
  return 1 + planned.length + entries.length + (children?.length ?? 0);
}

function isFailure(trace: LiveTrace, record: TraceRecord): boolean {
  if (record.status >= 500) return true;
  // Below 400 an error type means that it failed after the status had left; 4xx are the client's.
  if (record.errorType !== undefined && record.status < 400) return true;
  const root = trace.rootSpan;
  return root instanceof LiveSpan && root.extras?.status?.code === SpanStatusCode.ERROR;
}
