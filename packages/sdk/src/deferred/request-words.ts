import {
  LiveSpan,
  type LiveTrace,
  type PhaseEntry,
  phaseUs,
  type SpanExtras,
  type TraceRecord,
  wordOfHex,
} from '@inferometer/core';
import { packed } from '../shared/packed.ts';
import { attributeType, entryFlag, item, requestFlag } from '../shared/span-record.ts';
import type { DeferredBatch } from './deferred-batch.ts';
import type { WordWriter } from './word-writer.ts';

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
  const { entries, parent } = trace;
  const { generation, batches } = record;
  writeExtras(writer, trace);
  writer.open(item.request);
  writer.put(trace.t0);
  writer.put(trace.t1);
  writer.put(trace.t2);
  writer.put(trace.t3);
  writer.put(trace.s0);
  writer.put(trace.s1);
  writer.put(parent === undefined ? 0 : wordOfHex(parent.spanId, 0));
  writer.put(parent === undefined ? 0 : wordOfHex(parent.spanId, 8));
  writer.put(
    (parent === undefined ? 0 : requestFlag.parent) |
      (parent?.isRemote ? requestFlag.remote : 0) |
      (generation ? requestFlag.generation : 0) |
      (mustKeep ? requestFlag.mustKeep : 0),
  );
  writer.put(trace.kind);
  writer.put(record.status);
  writer.putUs(record.startEpochUs);
  writer.putUs(record.totalUs);
  writer.put(writer.idOf(record.method));
  writer.put(writer.idOf(record.route));
  writer.put(writer.idOf(record.model));
  writer.put(writer.idOf(record.tenant));
  writer.put(writer.idOf(record.sessionHash));
  writer.put(writer.idOf(record.errorType));
  writer.put(writer.idOf(trace.kept));
  writer.put(writer.idOf(parent?.traceState?.serialize()));
  writer.putUs(record.ttftUs ?? -1);
  writer.putUs(generation?.firstUs ?? -1);
  writer.putUs(generation?.lastUs ?? -1);
  writer.put(generation?.tokens ?? 0);
  writer.put(record.iterations);
  writer.putFloat(record.deviceMs);
  writer.put(record.skippedPhases);
  writer.putUs(phaseUs(record, 'unattributed'));
  // Without phases by `enter`, and with a span for each call, the entries say it all.
  const marks = trace.hasBase || record.skippedPhases > 0 || entries.length === 0 ? record.atUs.length : 0;
  writer.put(marks);
  writer.put(entries.length);
  writer.put(batches.length);
  const attributes = writer.reserve();
  for (let i = 0; i < marks; i++) {
    writer.putUs(record.atUs[i] as number);
    writer.put(writer.idOf(record.phases[i]));
  }
  for (let i = 0; i < entries.length; i++) writeEntry(writer, trace, entries[i] as PhaseEntry);
  for (const batch of batches) {
    const link = batch.link as DeferredBatch | undefined;
    writer.put(writer.idOf(batch.id));
    writer.put(batch.size);
    writer.putFloat(batch.deviceMsShare);
    for (let i = 0; i < 6; i++) writer.put(link === undefined ? 0 : (link.ids[i] as number));
    writer.put(link === undefined ? 0 : 1);
  }
  writer.fill(attributes, writeAttributes(writer, trace.attributes?.()));
  writer.close();
}

function writeEntry(writer: WordWriter, trace: LiveTrace, entry: PhaseEntry): void {
  const { below, parent, span } = entry;
  const id = span?.spanContext().spanId;
  const { startUs, endUs } = entry;
  writer.put(writer.idOf(entry.name));
  writer.put(parent === undefined ? -1 : trace.entries.indexOf(parent));
  writer.putUs(startUs);
  writer.putUs(endUs);
  writer.put(entry.count);
  writer.putUs(entry.activeUs);
  writer.put(
    (id === undefined ? 0 : entryFlag.hasId) |
      (entry.error === undefined ? 0 : entryFlag.failed) |
      (below === undefined ? 0 : entryFlag.below),
  );
  writer.put(id === undefined ? 0 : wordOfHex(id, 0));
  writer.put(id === undefined ? 0 : wordOfHex(id, 8));
  writer.put(below === undefined ? 0 : wordOfHex(below.spanId, 0));
  writer.put(below === undefined ? 0 : wordOfHex(below.spanId, 8));
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
      writer.put(writer.idOf(packed(value)));
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
  for (let i = 0; i < trace.entries.length; i++) {
    const { span } = trace.entries[i] as PhaseEntry;
    if (span !== undefined) add(i, span);
  }
  if (extras === undefined) return;
  writer.open(item.extras);
  writer.put(writer.idOf(packed(extras)));
  writer.close();
}
