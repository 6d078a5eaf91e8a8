import {
  type BatchLink,
  type BatchRecord,
  currentEpochOffset,
  defaultDevice,
  hexOfWord,
  type LiveTrace,
  randomWord,
} from '@inferometer/core';
import type { SpanContext } from '@opentelemetry/api';
import { item } from '../shared/span-record.ts';
import type { WordWriter } from './word-writer.ts';

/**
 * A batch that has run, and whose span is sent with the first of its requests that is exported: before that nobody knows
 * whether one will be.
 */
export interface DeferredBatch extends BatchLink {
  /** Trace id (4 words), span id (2). */
  readonly ids: Int32Array;
  readonly record: BatchRecord;
  /** Ids of its requests, 6 words each. It must not hold the requests: they hold it. */
  readonly requests: Int32Array;
  sent: boolean;
}

/** @returns undefined when none of its requests can be exported */
export function createDeferredBatch(
  record: BatchRecord,
  requests: readonly LiveTrace[],
): DeferredBatch | undefined {
  const sampled = requests.filter((it) => it.sampled);
  if (sampled.length === 0) return undefined;
  const ids = Int32Array.from({ length: 6 }, randomWord);
  return {
    ids,
    record,
    requests: Int32Array.from(sampled.flatMap(({ t0, t1, t2, t3, s0, s1 }) => [t0, t1, t2, t3, s0, s1])),
    sent: false,
    get spanContext(): SpanContext {
      const hex = [...ids].map(hexOfWord);
      return { traceId: hex.slice(0, 4).join(''), spanId: hex.slice(4).join(''), traceFlags: 1 };
    },
  };
}

/**
 * Writes a batch as an item of the message.
 * @param mustKeep whether tail sampling behind us must keep it, for the request that it is sent with
 */
export function writeBatch(
  writer: WordWriter,
  { ids, record, requests }: DeferredBatch,
  mustKeep: boolean,
): void {
  const model = writer.idOf(record.model);
  const id = writer.onceIdOf(record.id);
  const reason = writer.idOf(record.reason);
  const device = writer.idOf(record.device ?? defaultDevice);
  writer.open(item.batch);
  for (const word of ids) writer.put(word);
  writer.putUs(Math.round((record.dispatched + currentEpochOffset()) * 1000));
  writer.putUs(Math.max(0, Math.round((record.runEnd - record.dispatched) * 1000)));
  writer.put(model);
  writer.put(record.executor);
  writer.put(id);
  writer.put(reason);
  writer.put(record.size);
  writer.put(record.tokens);
  writer.putFloat(record.paddingRatio);
  writer.put(device);
  writer.put(mustKeep ? 1 : 0);
  writer.put(requests.length / 6);
  for (const word of requests) writer.put(word);
  writer.close();
}
