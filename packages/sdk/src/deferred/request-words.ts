import type { LiveTrace, PhaseEntry, SpanExtras, TraceRecord } from '@inferometer/core';
import { LiveSpan, wordOfHex } from '@inferometer/core';
import { attributeType, entryFlag, item, requestFlag } from '../shared/span-record.ts';
import type { DeferredBatch } from './deferred-batch.ts';
import type { WordWriter } from './word-writer.ts';

/** Attributes of a request besides those that its record implies. */
type Attributes = Readonly<Record<string, unknown>>;

/** What others have put on the spans of a request: by entry, the root's under -1. */
export type ExtrasByEntry = Readonly<Record<string, SpanExtras>>;

/**
 * Writes a request as an item of the message. The texts that it has are written before it, so all of their numbers are
 * asked for first.
 * @param mustKeep whether tail sampling behind us must keep it as well
 */
export function writeRequest(
  writer: WordWriter,
  trace: LiveTrace,
  record: TraceRecord,
  mustKeep: boolean,
): void {
  const { entries } = trace;
  writeExtras(writer, trace);
  const method = writer.idOf(record.method);
  const route = writer.idOf(record.route);
  const model = writer.idOf(record.model);
  const tenant = writer.idOf(record.tenant);
  const session = writer.idOf(record.sessionHash);
  const errorType = writer.idOf(record.errorType);
  const kept = writer.idOf(trace.kept);
  const traceState = writer.idOf(trace.parent?.traceState?.serialize());
  for (let i = 0; i < record.phases.length; i++) writer.idOf(record.phases[i]);
  for (let i = 0; i < entries.length; i++) writer.idOf((entries[i] as PhaseEntry).name);
  for (let i = 0; i < record.batches.length; i++) writer.idOf(record.batches[i]?.id);
  const attributes = trace.attributes?.() ?? {};
  const keys = defineAttributes(writer, attributes);

  writer.open(item.request);
  writer.put(trace.t0);
  writer.put(trace.t1);
  writer.put(trace.t2);
  writer.put(trace.t3);
  writer.put(trace.s0);
  writer.put(trace.s1);
  const { parent } = trace;
  const parentId = parent?.spanId;
  const { generation } = record;
  writer.put(parentId === undefined ? 0 : wordOfHex(parentId, 0));
  writer.put(parentId === undefined ? 0 : wordOfHex(parentId, 8));
  writer.put(
    (parent === undefined ? 0 : requestFlag.parent) |
      (parent?.isRemote ? requestFlag.remote : 0) |
      (generation ? requestFlag.generation : 0) |
      (mustKeep ? requestFlag.mustKeep : 0),
  );
  writer.put(trace.kind);
  writer.put(record.status);
  writer.putEpochUs(record.startEpochUs);
  writer.put(record.totalUs);
  writer.put(method);
  writer.put(route);
  writer.put(model);
  writer.put(tenant);
  writer.put(session);
  writer.put(errorType);
  writer.put(kept);
  writer.put(traceState);
  writer.put(record.ttftUs ?? -1);
  writer.put(generation?.firstUs ?? -1);
  writer.put(generation?.lastUs ?? -1);
  writer.put(generation?.tokens ?? 0);
  writer.put(record.iterations);
  writer.putFloat(record.deviceMs);
  writer.put(record.skippedPhases);
  const { atUs, phases } = record;
  writer.put(atUs.length);
  writer.put(entries.length);
  writer.put(record.batches.length);
  writer.put(keys.length);
  for (let i = 0; i < atUs.length; i++) {
    writer.put(atUs[i] as number);
    writer.put(writer.idOf(phases[i]));
  }
  for (let i = 0; i < entries.length; i++) writeEntry(writer, trace, entries[i] as PhaseEntry);
  for (const batch of record.batches) {
    const link = batch.link as DeferredBatch | undefined;
    writer.put(writer.idOf(batch.id));
    writer.put(batch.size);
    writer.putFloat(batch.deviceMsShare);
    for (let i = 0; i < 6; i++) writer.put(link === undefined ? 0 : (link.ids[i] as number));
    writer.put(link === undefined ? 0 : 1);
  }
  for (const key of keys) writeAttribute(writer, key, attributes[key]);
  writer.close();
}

function writeEntry(writer: WordWriter, trace: LiveTrace, entry: PhaseEntry): void {
  const id = entry.span?.spanContext().spanId;
  const { below } = entry;
  writer.put(writer.idOf(entry.name));
  writer.put(entry.parent === undefined ? -1 : trace.entries.indexOf(entry.parent));
  writer.put(trace.us(entry.startedAt));
  writer.put(trace.us(entry.endedAt));
  writer.put(entry.count);
  writer.put(Math.round(entry.activeMs * 1000));
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

/** @returns the keys that have values */
function defineAttributes(writer: WordWriter, attributes: Attributes): string[] {
  const keys: string[] = [];
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    keys.push(key);
    writer.idOf(key);
    if (typeof value === 'string') writer.idOf(value);
    else if (typeof value === 'object') writer.idOf(JSON.stringify(value));
  }
  return keys;
}

function writeAttribute(writer: WordWriter, key: string, value: unknown): void {
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
    writer.put(attributeType.json);
    writer.put(writer.idOf(JSON.stringify(value)));
    writer.put(0);
  }
}

/** Most requests have none: then nothing is written. */
function writeExtras(writer: WordWriter, trace: LiveTrace): void {
  let extras: Record<string, SpanExtras> | undefined;
  const add = (key: number, span: unknown): void => {
    if (!(span instanceof LiveSpan) || span.extras === undefined) return;
    extras ??= {};
    extras[key] = span.extras;
  };
  add(-1, trace.rootSpan);
  for (let i = 0; i < trace.entries.length; i++) add(i, trace.entries[i]?.span);
  if (extras === undefined) return;
  const id = writer.idOf(JSON.stringify(extras));
  writer.open(item.extras);
  writer.put(id);
  writer.close();
}
