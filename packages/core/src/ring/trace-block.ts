import { spanIdOf, traceIdOf, writeIds } from '../ids.ts';
import type { BatchShare, FinishedTrace, TraceIds } from '../trace/record.ts';
import type { PhaseTotal } from '../trace/timeline.ts';

/** A number of finished requests as figures in arrays: no object lives longer for being told of later. */
export interface TraceBlock {
  set(slot: number, trace: FinishedTrace): void;
  get(slot: number): FinishedTrace;
  /** The request of an event id, given as words. */
  find(high: number, low: number): FinishedTrace | undefined;
}

/** Phases and batches of a request that a slot has room for; those of a request with more are kept beside. */
const maxTotals = 12;
const maxBatches = 4;

/** Doubles of a slot; the ids lie in the first three as words. */
const field = {
  startEpochUs: 3,
  totalUs: 4,
  status: 5,
  ttftUs: 6,
  iterations: 7,
  deviceMs: 8,
  totals: 9,
  batches: 10,
  /** First and last token, tokens (0 for no generation), time between them, gaps. */
  generation: 11,
  cpuMs: 16,
  firstTotal: 17,
} as const;
const totalFields = 3;
const batchFields = 3;
const firstBatch = field.firstTotal + maxTotals * totalFields;
const stride = firstBatch + maxBatches * batchFields;

/** Texts of a slot: references, for most of them are the same ones again and again. */
const text = {
  fnName: 0,
  route: 1,
  method: 2,
  model: 3,
  tenant: 4,
  sessionHash: 5,
  errorType: 6,
  device: 7,
  firstTotal: 8,
} as const;
const firstBatchText = text.firstTotal + maxTotals;
const textStride = firstBatchText + maxBatches * 2;

class Block implements TraceBlock {
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;
  readonly #texts: (string | undefined)[];
  readonly #isUsed: Uint8Array;
  readonly #beside: Map<number, Pick<FinishedTrace, 'totals' | 'batches'>> = new Map();

  constructor(slots: number) {
    this.#numbers = new Float64Array(slots * stride);
    this.#words = new Int32Array(this.#numbers.buffer);
    this.#texts = new Array(slots * textStride).fill(undefined);
    this.#isUsed = new Uint8Array(slots);
  }

  set(slot: number, trace: FinishedTrace): void {
    const { totals, batches } = trace;
    writeIds(this.#words, slot * stride * 2, trace.trace);
    this.#isUsed[slot] = 1;
    const numbers = this.#numbers;
    const at = slot * stride;
    numbers[at + field.startEpochUs] = trace.startEpochUs;
    numbers[at + field.totalUs] = trace.totalUs;
    numbers[at + field.status] = trace.status;
    numbers[at + field.ttftUs] = trace.ttftUs ?? Number.NaN;
    numbers[at + field.iterations] = trace.iterations;
    numbers[at + field.deviceMs] = trace.deviceMs;
    numbers[at + field.cpuMs] = trace.cpuMs;
    const { generation } = trace;
    numbers[at + field.generation] = generation?.firstUs ?? 0;
    numbers[at + field.generation + 1] = generation?.lastUs ?? 0;
    numbers[at + field.generation + 2] = generation?.tokens ?? 0;
    numbers[at + field.generation + 3] = generation?.betweenUs ?? 0;
    numbers[at + field.generation + 4] = generation?.gaps ?? 0;
    numbers[at + field.totals] = totals.length;
    numbers[at + field.batches] = batches.length;
    const texts = this.#texts;
    const textAt = slot * textStride;
    texts[textAt + text.fnName] = trace.fnName;
    texts[textAt + text.route] = trace.route;
    texts[textAt + text.method] = trace.method;
    texts[textAt + text.model] = trace.model;
    texts[textAt + text.tenant] = trace.tenant;
    texts[textAt + text.sessionHash] = trace.sessionHash;
    texts[textAt + text.errorType] = trace.errorType;
    texts[textAt + text.device] = trace.device;
    if (this.#beside.size > 0) this.#beside.delete(slot);
    if (totals.length > maxTotals || batches.length > maxBatches) {
      this.#beside.set(slot, { totals, batches: batches.map(withoutLink) });
      return;
    }
    for (let i = 0; i < totals.length; i++) {
      const total = totals[i] as PhaseTotal;
      const place = at + field.firstTotal + i * totalFields;
      numbers[place] = total.startUs;
      numbers[place + 1] = total.durationUs;
      numbers[place + 2] = total.count;
      texts[textAt + text.firstTotal + i] = total.name;
    }
    for (let i = 0; i < batches.length; i++) {
      const batch = batches[i] as BatchShare;
      const place = at + firstBatch + i * batchFields;
      numbers[place] = batch.size;
      numbers[place + 1] = batch.paddingRatio;
      numbers[place + 2] = batch.deviceMsShare;
      texts[textAt + firstBatchText + i * 2] = batch.id;
      texts[textAt + firstBatchText + i * 2 + 1] = batch.reason;
    }
  }

  get(slot: number): FinishedTrace {
    const more = this.#beside.get(slot);
    const at = slot * stride;
    const number = (offset: number): number => this.#numbers[at + offset] as number;
    const textOf = (offset: number): string | undefined => this.#texts[slot * textStride + offset];
    const ttftUs = number(field.ttftUs);
    return {
      trace: idsAt(this.#words, at * 2),
      fnName: textOf(text.fnName) as string,
      route: textOf(text.route) as string,
      method: textOf(text.method) as string,
      model: textOf(text.model),
      tenant: textOf(text.tenant),
      sessionHash: textOf(text.sessionHash),
      startEpochUs: number(field.startEpochUs),
      totalUs: number(field.totalUs),
      status: number(field.status),
      errorType: textOf(text.errorType),
      ttftUs: Number.isNaN(ttftUs) ? undefined : ttftUs,
      iterations: number(field.iterations),
      deviceMs: number(field.deviceMs),
      device: textOf(text.device),
      cpuMs: number(field.cpuMs),
      generation:
        number(field.generation + 2) === 0
          ? undefined
          : {
              firstUs: number(field.generation),
              lastUs: number(field.generation + 1),
              tokens: number(field.generation + 2),
              betweenUs: number(field.generation + 3),
              gaps: number(field.generation + 4),
            },
      totals:
        more?.totals ??
        Array.from({ length: number(field.totals) }, (_, i) => {
          const place = field.firstTotal + i * totalFields;
          const name = textOf(text.firstTotal + i) as string;
          return {
            name,
            startUs: number(place),
            durationUs: number(place + 1),
            count: number(place + 2),
          };
        }),
      batches:
        more?.batches ??
        Array.from({ length: number(field.batches) }, (_, i) => {
          const place = firstBatch + i * batchFields;
          return {
            id: textOf(firstBatchText + i * 2) as string,
            size: number(place),
            reason: textOf(firstBatchText + i * 2 + 1) as string,
            paddingRatio: number(place + 1),
            deviceMsShare: number(place + 2),
          };
        }),
    };
  }

  find(high: number, low: number): FinishedTrace | undefined {
    const words = this.#words;
    for (let slot = 0; slot < this.#isUsed.length; slot++) {
      const word = slot * stride * 2;
      if (words[word + 4] === high && words[word + 5] === low && this.#isUsed[slot] === 1) {
        return this.get(slot);
      }
    }
    return undefined;
  }
}

export function createTraceBlock(slots: number): TraceBlock {
  return new Block(slots);
}

function idsAt(words: Int32Array, at: number): TraceIds {
  const [t0 = 0, t1 = 0, t2 = 0, t3 = 0, s0 = 0, s1 = 0] = words.subarray(at, at + 6);
  const ids = { t0, t1, t2, t3, s0, s1 };
  return { ...ids, traceId: traceIdOf(ids), eventId: spanIdOf(ids) };
}

/** The link leads to the batch's requests, which must not live as long. */
function withoutLink({ id, size, reason, paddingRatio, deviceMsShare }: BatchShare): BatchShare {
  return { id, size, reason, paddingRatio, deviceMsShare };
}
