import type { MonoMs } from '../clock.ts';
import type { IdWords } from '../ids.ts';
import type { LiveTrace } from './live-trace.ts';
import type { BatchLink } from './span-strategy.ts';
import type { PhaseTotal, Timeline } from './timeline.ts';

/** Where a model runs whose executor does not say so. */
export const defaultDevice = 'cpu';

/** One request's part in one batch. */
export interface BatchShare {
  readonly id: string;
  /** Items in the batch, of all requests. */
  readonly size: number;
  readonly reason: string;
  /** Padding tokens over all tokens of the padded batch, in [0, 1). */
  readonly paddingRatio: number;
  /** This request's share of the model run, ms, by tokens; the shares of a batch sum to its run. */
  readonly deviceMsShare: number;
  /** Where it ran, such as `cpu` or `cuda:0`. @default not said */
  readonly device?: string;
  /** This request's share of the CPU that the run took, ms, by tokens; absent where it was not measured. */
  readonly cpuMsShare?: number;
  /** The batch's own span, to link to; absent when traces are not recorded. */
  readonly link?: BatchLink;
}

/** A model run over a batch, once it has ended. */
export interface BatchRecord {
  readonly id: string;
  readonly model: string;
  readonly executor: number;
  /** Why it left the queue: `full`, `tokens`, `waited`, `idle` or `drain`. */
  readonly reason: string;
  readonly size: number;
  /** Tokens without padding. */
  readonly tokens: number;
  /** Padding tokens over all tokens of the padded batch, in [0, 1). */
  readonly paddingRatio: number;
  readonly dispatched: MonoMs;
  readonly runStart: MonoMs;
  readonly runEnd: MonoMs;
  /** Where it ran, such as `cpu` or `cuda:0`. @default cpu */
  readonly device?: string;
  /** CPU that the executor took for it, ms, of all its threads; absent where it was not measured. */
  readonly cpuMs?: number;
  /** Tokens of texts that it read; absent where what it was fed with is not counted in tokens. */
  readonly inputTokens?: number;
  /** Tokens of texts that it wrote. @default 0 */
  readonly outputTokens?: number;
}

/** A request that is over, in figures: what `/profiling` tells of it. Times in µs count from its start. */
export interface FinishedTrace {
  readonly trace: TraceIds;
  /** HTTP route or function, such as `/v1/embeddings`; the path where no route is known. */
  readonly fnName: string;
  /** Pattern of the HTTP route, empty where none is known; of what is not HTTP its name. */
  readonly route: string;
  /** Empty for what is not HTTP. */
  readonly method: string;
  readonly model: string | undefined;
  readonly tenant: string | undefined;
  readonly sessionHash: string | undefined;
  /** Start, whole µs since the epoch. */
  readonly startEpochUs: number;
  readonly totalUs: number;
  readonly totals: readonly PhaseTotal[];
  /** HTTP status, 499 when the client went away. */
  readonly status: number;
  readonly errorType: string | undefined;
  /** First output written, µs since the start; only of streamed answers. */
  readonly ttftUs: number | undefined;
  /** Of requests to generative models. */
  readonly generation: GenerationTimes | undefined;
  /** Outputs: tokens of a generation, model runs of an embedding. */
  readonly iterations: number;
  /** Time of model runs that was this request's, ms: its shares of batches, its steps of a generation. */
  readonly deviceMs: number;
  /** Where these ran, such as `cpu` or `cuda:0`; several with commas between them; undefined where nothing ran. */
  readonly device: string | undefined;
  /** CPU that executors took in these runs for its part, ms; 0 where it was not measured. */
  readonly cpuMs: number;
  readonly batches: readonly BatchShare[];
}

/** When a generative model had its tokens ready, µs since the request's start. */
export interface GenerationTimes {
  readonly firstUs: number;
  readonly lastUs: number;
  /** Of all texts of the request. */
  readonly tokens: number;
  /** Time between neighbouring tokens of one text, summed over the texts. */
  readonly betweenUs: number;
  /** Pairs of such neighbours. */
  readonly gaps: number;
}

/** Ids of a trace, as words and in hex. */
export interface TraceIds extends IdWords {
  /** 16 hex digits: the id of its root span. */
  readonly eventId: string;
  readonly traceId: string;
}

/** A closed request with all that spans and histograms are made of. */
export interface TraceRecord extends FinishedTrace, Timeline {
  /** Its ids, and whether it is exported. */
  readonly trace: LiveTrace;
  /** `gen_ai.operation.name`; only of generations. */
  readonly operation: string | undefined;
  /** Calls of `phase()` beyond those that have a span each; their time is in `totals`. */
  readonly skippedPhases: number;
}

/** The JSON of `/profiling/traces`: Gradio's fields first, then ours. Durations in ms, to the microsecond. */
export interface TraceJson {
  readonly event_id: string;
  readonly fn_name: string;
  readonly session_hash: string | null;
  /** Start, seconds since the epoch. */
  readonly timestamp: number;
  readonly queue_wait_ms: number;
  readonly preprocess_ms: number;
  readonly fn_call_ms: number;
  readonly postprocess_ms: number;
  readonly streaming_diff_ms: number;
  readonly total_ms: number;
  readonly n_iterations: number;
  readonly trace_id: string;
  readonly method: string;
  readonly model: string | null;
  readonly status: number;
  readonly error_type: string | null;
  readonly tenant: string | null;
  readonly ttft_ms: number | null;
  readonly unattributed_ms: number;
  /** Its part of the time of model runs. */
  readonly device_ms: number;
  /** Where they ran; null where nothing did. */
  readonly device: string | null;
  /** Its part of the CPU that executors took in them. */
  readonly cpu_ms: number;
  readonly phases: readonly {
    readonly name: string;
    readonly start_ms: number;
    readonly duration_ms: number;
    readonly count: number;
  }[];
  /** Prefill and decode: parts of the time from the first run to the last token, beside the phases; of generations. */
  readonly generation: GenerationJson | null;
  /** The first batch that served it; `batches` has them all where inputs were split. */
  readonly batch: BatchJson | null;
  readonly batches: readonly BatchJson[];
}

export interface GenerationJson {
  readonly tokens: number;
  /** From the start of the first model run until the first token. */
  readonly prefill_ms: number;
  /** From the first token to the last one. */
  readonly decode_ms: number;
  /** Mean time from a token to the next one of the same text; null where none has two. */
  readonly time_per_output_token_ms: number | null;
}

export interface BatchJson {
  readonly id: string;
  readonly size: number;
  readonly reason: string;
  readonly padding_ratio: number;
  readonly device_ms_share: number;
}

/** The time a request spent in a phase, µs; 0 where it never was. */
export function phaseUs(record: Pick<FinishedTrace, 'totals'>, phase: string): number {
  return record.totals.find((total) => total.name === phase)?.durationUs ?? 0;
}

/** A record as `/profiling/traces` shows it. */
export function traceJson(record: FinishedTrace): TraceJson {
  const ms = (phase: string): number => phaseUs(record, phase) / 1000;
  const batches = record.batches.map((batch) => ({
    id: batch.id,
    size: batch.size,
    reason: batch.reason,
    padding_ratio: round(batch.paddingRatio, 4),
    device_ms_share: round(batch.deviceMsShare, 6),
  }));
  return {
    event_id: record.trace.eventId,
    fn_name: record.fnName,
    session_hash: record.sessionHash ?? null,
    timestamp: record.startEpochUs / 1e6,
    queue_wait_ms: ms('queue'),
    preprocess_ms: ms('preprocess'),
    fn_call_ms: ms('run'),
    postprocess_ms: ms('postprocess'),
    streaming_diff_ms: ms('stream'),
    total_ms: record.totalUs / 1000,
    n_iterations: record.iterations,
    trace_id: record.trace.traceId,
    method: record.method,
    model: record.model ?? null,
    status: record.status,
    error_type: record.errorType ?? null,
    tenant: record.tenant ?? null,
    ttft_ms: record.ttftUs === undefined ? null : record.ttftUs / 1000,
    unattributed_ms: ms('unattributed'),
    device_ms: round(record.deviceMs, 6),
    device: record.device ?? null,
    cpu_ms: round(record.cpuMs, 6),
    phases: record.totals.map((total) => ({
      name: total.name,
      start_ms: total.startUs / 1000,
      duration_ms: total.durationUs / 1000,
      count: total.count,
    })),
    generation: generationJson(record),
    batch: batches[0] ?? null,
    batches,
  };
}

function generationJson({ generation, totals }: FinishedTrace): GenerationJson | null {
  if (generation === undefined) return null;
  const { firstUs, lastUs, tokens, betweenUs, gaps } = generation;
  const runUs = totals.find(({ name }) => name === 'run')?.startUs ?? firstUs;
  return {
    tokens,
    prefill_ms: Math.max(0, firstUs - runUs) / 1000,
    decode_ms: (lastUs - firstUs) / 1000,
    time_per_output_token_ms: gaps === 0 ? null : round(betweenUs / gaps / 1000, 3),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
