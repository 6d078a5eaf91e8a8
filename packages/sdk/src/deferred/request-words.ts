import {
  type BatchShare,
  LiveSpan,
  type LiveTrace,
  type PhaseEntry,
  phaseUs,
  type SpanExtras,
  type TraceRecord,
  wordOfHex,
  writeIds,
} from '@inferometer/core';
import { packed } from '../shared/packed.ts';
import { attributeType, entry, entryFlag, item, request, requestFlag } from '../shared/span-record.ts';
import type { DeferredBatch } from './deferred-batch.ts';
import { setFloat, setUs, type WordWriter } from './word-writer.ts';

/**
 * Writes a request as an item of the message, and what others have put on its spans as one before it.
 * @param mustKeep whether tail sampling behind us must keep it as well
 */
export function writeRequest(
  writer: WordWriter,
  trace: LiveTrace,
  record: TraceRecord,
  mustKeep: boolean,
): void {
  const { parent } = trace;
  const { generation, batches } = record;
  writeExtras(writer, trace);
  writer.open(item.request);
  const at = writer.take(request.words);
  const { words } = writer.items;
  // The span id follows.
  writeIds(words, at + request.traceId, trace);
  words[at + request.parentId] = parent === undefined ? 0 : wordOfHex(parent.spanId, 0);
  words[at + request.parentId + 1] = parent === undefined ? 0 : wordOfHex(parent.spanId, 8);
  words[at + request.flags] =
    (parent === undefined ? 0 : requestFlag.parent) |
    (parent?.isRemote ? requestFlag.remote : 0) |
    (generation ? requestFlag.generation : 0) |
    (mustKeep ? requestFlag.mustKeep : 0);
  words[at + request.kind] = trace.kind;
  words[at + request.status] = record.status;
  setUs(words, at + request.startUs, record.startEpochUs);
  setUs(words, at + request.totalUs, record.totalUs);
  words[at + request.method] = writer.idOf(record.method);
  words[at + request.route] = writer.idOf(record.route);
  words[at + request.model] = writer.idOf(record.model);
  words[at + request.tenant] = writer.idOf(record.tenant);
  words[at + request.session] = writer.onceIdOf(record.sessionHash);
  words[at + request.errorType] = writer.idOf(record.errorType);
  words[at + request.kept] = writer.idOf(trace.kept);
  words[at + request.traceState] = writer.onceIdOf(parent?.traceState?.serialize());
  setUs(words, at + request.ttftUs, record.ttftUs ?? -1);
  setUs(words, at + request.firstTokenUs, generation?.firstUs ?? -1);
  setUs(words, at + request.lastTokenUs, generation?.lastUs ?? -1);
  words[at + request.tokens] = generation?.tokens ?? 0;
  words[at + request.operation] = writer.idOf(record.operation);
  words[at + request.iterations] = record.iterations;
  setFloat(words, at + request.deviceMs, record.deviceMs);
  words[at + request.device] = writer.idOf(record.device);
  setFloat(words, at + request.cpuMs, record.cpuMs);
  words[at + request.skipped] = record.skippedPhases;
  setUs(words, at + request.unattributedUs, phaseUs(record, 'unattributed'));
  // Without phases by `enter`, and with a span for each call, the entries say it all.
  const needsMarks = trace.hasBase || record.skippedPhases > 0 || trace.entryCount === 0;
  const marks = needsMarks ? record.atUs.length : 0;
  words[at + request.marks] = marks;
  words[at + request.entries] = trace.entryCount;
  words[at + request.batches] = batches.length;
  for (let i = 0; i < marks; i++) {
    writer.putUs(record.atUs[i] as number);
    writer.put(writer.idOf(record.phases[i]));
  }
  for (let one = trace.firstEntry; one !== undefined; one = one.next) writeEntry(writer, one);
  for (const batch of batches) writeShare(writer, batch);
  const attributes = writeAttributes(writer, trace.attributes?.());
  // The words may have moved since.
  writer.items.words[at + request.attributes] = attributes;
  writer.close();
}

function writeEntry(writer: WordWriter, one: PhaseEntry): void {
  const { below, span } = one;
  const id = span?.spanContext().spanId;
  const at = writer.take(entry.words);
  const { words } = writer.items;
  words[at + entry.name] = writer.idOf(one.name);
  words[at + entry.parent] = one.parent === undefined ? -1 : one.parent.index;
  setUs(words, at + entry.startUs, one.startUs);
  setUs(words, at + entry.endUs, one.endUs);
  words[at + entry.count] = one.count;
  setUs(words, at + entry.activeUs, one.activeUs);
  words[at + entry.flags] =
    (id === undefined ? 0 : entryFlag.hasId) |
    (one.error === undefined ? 0 : entryFlag.failed) |
    (below === undefined ? 0 : entryFlag.below);
  words[at + entry.spanId] = id === undefined ? 0 : wordOfHex(id, 0);
  words[at + entry.spanId + 1] = id === undefined ? 0 : wordOfHex(id, 8);
  words[at + entry.belowId] = below === undefined ? 0 : wordOfHex(below.spanId, 0);
  words[at + entry.belowId + 1] = below === undefined ? 0 : wordOfHex(below.spanId, 8);
}

function writeShare(writer: WordWriter, batch: BatchShare): void {
  const link = batch.link as DeferredBatch | undefined;
  writer.put(writer.onceIdOf(batch.id));
  writer.put(batch.size);
  writer.putFloat(batch.deviceMsShare);
  for (let i = 0; i < 6; i++) writer.put(link === undefined ? 0 : (link.ids[i] as number));
  writer.put(link === undefined ? 0 : 1);
}

/** @returns how many have values */
function writeAttributes(
  writer: WordWriter,
  attributes: Readonly<Record<string, unknown>> | undefined,
): number {
  let count = 0;
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    count++;
    writer.put(writer.idOf(key));
    if (typeof value === 'string') {
      writer.put(attributeType.string);
      writer.put(writer.idOf(value));
      writer.put(0);
    } else if (typeof value === 'number') {
      writer.put(attributeType.number);
      writer.putFloat(value);
    } else if (typeof value === 'boolean') {
      writer.put(attributeType.boolean);
      writer.put(value ? 1 : 0);
      writer.put(0);
    } else {
      writer.put(attributeType.other);
      writer.put(writer.onceIdOf(packed(value)));
      writer.put(0);
    }
  }
  return count;
}

/** Most requests have none: then nothing is written. */
function writeExtras(writer: WordWriter, trace: LiveTrace): void {
  let extras: Record<string, SpanExtras> | undefined;
  const add = (key: number, span: unknown): void => {
    if (!(span instanceof LiveSpan) || span.extras === undefined) return;
    extras ??= {};
    extras[key] = span.extras;
  };
  if (trace.rootSpan !== undefined) add(-1, trace.rootSpan);
  for (let one = trace.firstEntry; one !== undefined; one = one.next) {
    if (one.span !== undefined) add(one.index, one.span);
  }
  if (extras === undefined) return;
  writer.open(item.extras);
  writer.put(writer.onceIdOf(packed(extras)));
  writer.close();
}
