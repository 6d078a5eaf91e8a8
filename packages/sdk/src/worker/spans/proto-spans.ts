import { ATTR } from '@inferometer/core';
import { createProtoWriter, type ProtoWriter } from '../../protobuf/writer.ts';
import type { HrTimePair, PlainSpan } from '../../shared/plain-span.ts';
import { otlpFlags, ownScopeName, type ResourceAttributes, type SpanEncoder } from './span-encoder.ts';

// Field numbers of opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto.
const resourceSpans = { resource: 1, scopeSpans: 2 } as const;
const scopeSpans = { scope: 1, spans: 2 } as const;
const field = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  start: 7,
  end: 8,
  attributes: 9,
  droppedAttributes: 10,
  events: 11,
  droppedEvents: 12,
  links: 13,
  droppedLinks: 14,
  status: 15,
  flags: 16,
} as const;
const event = { time: 1, name: 2, attributes: 3, dropped: 4 } as const;
const link = { traceId: 1, spanId: 2, traceState: 3, attributes: 4, dropped: 5 } as const;
const value = { string: 1, bool: 2, int: 3, double: 4, array: 5, bytes: 7 } as const;

const two32 = 2 ** 32;

/** OTLP as protobuf, written straight into the body. */
export function createProtoSpans(resource: ResourceAttributes, version = ''): SpanEncoder {
  const scopes = new Map<string, { readonly scope: PlainSpan['scope']; readonly writer: ProtoWriter }>();
  const own = createProtoWriter(256 * 1024);
  scopes.set(ownScopeName, { scope: { name: ownScopeName, version }, writer: own });
  // What phases of one name have in common: name, kind, attribute.
  const templates = new Map<string, Uint8Array>();
  const flags = flagBytes(otlpFlags(1, false));
  const body = createProtoWriter(64 * 1024);
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(span) {
      const { name, version } = span.scope;
      let scope = scopes.get(name);
      if (scope === undefined || scope.scope.version !== version) {
        const key = scope === undefined ? name : `${name}\n${version}`;
        scope = scopes.get(key) ?? { scope: span.scope, writer: createProtoWriter(64 * 1024) };
        scopes.set(key, scope);
      }
      writeSpan(scope.writer, span);
      count++;
    },
    addPhase(phase) {
      let template = templates.get(phase.name);
      if (template === undefined) {
        template = phaseTemplate(phase.name);
        if (templates.size < maxTemplates) templates.set(phase.name, template);
      }
      own.begin(scopeSpans.spans);
      own.words(field.traceId, phase.words, phase.traceAt, 4);
      own.wordPair(field.spanId, phase.idHigh, phase.idLow);
      own.wordPair(field.parentSpanId, phase.parentHigh, phase.parentLow);
      own.raw(template);
      own.unixNanoOfUs(field.start, phase.startUs);
      own.unixNanoOfUs(field.end, phase.endUs);
      own.rawUint(field.flags * 8 + 5);
      own.raw(flags);
      own.end();
      count++;
    },
    take() {
      body.begin(1);
      body.begin(resourceSpans.resource);
      writeAttributes(body, 1, resource);
      body.end();
      for (const { scope, writer } of scopes.values()) {
        if (writer.size === 0) continue;
        body.begin(resourceSpans.scopeSpans);
        body.begin(scopeSpans.scope);
        body.string(1, scope.name);
        if (scope.version !== '') body.string(2, scope.version);
        body.end();
        body.raw(writer.take());
        body.end();
      }
      body.end();
      // Scopes that come once a day must not be kept for ever; their writers are small.
      if (scopes.size > 100) {
        scopes.clear();
        scopes.set(ownScopeName, { scope: { name: ownScopeName, version }, writer: own });
      }
      count = 0;
      return body.take();
    },
  };
}

const maxTemplates = 1000;

function phaseTemplate(name: string): Uint8Array {
  const writer = createProtoWriter(128);
  writer.string(field.name, `inference.${name}`);
  writer.uint(field.kind, 1);
  writeAttributes(writer, field.attributes, { [ATTR.phase]: name });
  return writer.take();
}

function writeSpan(writer: ProtoWriter, span: PlainSpan): void {
  writer.begin(scopeSpans.spans);
  writer.hex(field.traceId, span.traceId);
  writer.hex(field.spanId, span.spanId);
  if (span.traceState !== '') writer.string(field.traceState, span.traceState);
  if (span.parentSpanId !== '') writer.hex(field.parentSpanId, span.parentSpanId);
  writer.string(field.name, span.name);
  writer.uint(field.kind, span.kind + 1);
  writeTime(writer, field.start, span.start);
  writeTime(writer, field.end, span.end);
  writeAttributes(writer, field.attributes, span.attributes);
  if (span.droppedAttributes > 0) writer.uint(field.droppedAttributes, span.droppedAttributes);
  for (const { time, name, attributes, dropped } of span.events) {
    writer.begin(field.events);
    writeTime(writer, event.time, time);
    writer.string(event.name, name);
    writeAttributes(writer, event.attributes, attributes);
    if (dropped > 0) writer.uint(event.dropped, dropped);
    writer.end();
  }
  if (span.droppedEvents > 0) writer.uint(field.droppedEvents, span.droppedEvents);
  for (const { traceId, spanId, traceState, attributes, dropped } of span.links) {
    writer.begin(field.links);
    writer.hex(link.traceId, traceId);
    writer.hex(link.spanId, spanId);
    if (traceState !== '') writer.string(link.traceState, traceState);
    writeAttributes(writer, link.attributes, attributes);
    if (dropped > 0) writer.uint(link.dropped, dropped);
    writer.end();
  }
  if (span.droppedLinks > 0) writer.uint(field.droppedLinks, span.droppedLinks);
  if (span.status.code !== 0) {
    writer.begin(field.status);
    if (span.status.message !== '') writer.string(2, span.status.message);
    writer.uint(3, span.status.code);
    writer.end();
  }
  // fixed32: tag 16 << 3 | 5.
  writer.rawUint(field.flags * 8 + 5);
  writer.raw(flagBytes(otlpFlags(span.traceFlags, span.parentIsRemote)));
  writer.end();
}

function flagBytes(flags: number): Uint8Array {
  return Uint8Array.of(flags & 255, (flags >> 8) & 255, 0, 0);
}

/** Nanoseconds since the epoch have no exact number: seconds × 10^9 in two halves. */
function writeTime(writer: ProtoWriter, number: number, [seconds, nanoseconds]: HrTimePair): void {
  const upper = Math.floor(seconds / 65_536) * 1e9;
  const lower = (seconds % 65_536) * 1e9 + nanoseconds;
  // upper × 2^16 + lower, where upper < 2^46 and lower < 2^46.
  const low = (upper % 65_536) * 65_536 + (lower % two32);
  const high = Math.floor(upper / 65_536) + Math.floor(lower / two32) + Math.floor(low / two32);
  writer.fixed64Halves(number, high, low % two32);
}

function writeAttributes(writer: ProtoWriter, number: number, attributes: ResourceAttributes): void {
  for (const key in attributes) {
    const given = attributes[key];
    if (given === undefined || given === null) continue;
    writer.begin(number);
    writer.string(1, key);
    writer.begin(2);
    writeValue(writer, given);
    writer.end();
    writer.end();
  }
}

function writeValue(writer: ProtoWriter, given: unknown): void {
  if (typeof given === 'string') writer.string(value.string, given);
  else if (typeof given === 'boolean') writer.uint(value.bool, given ? 1 : 0);
  else if (typeof given === 'number') {
    // Whole numbers below zero would be ten bytes of varint, which the writer does not do.
    if (Number.isSafeInteger(given) && given >= 0) writer.uint(value.int, given);
    else if (Number.isSafeInteger(given)) writeNegative(writer, given);
    else writer.double(value.double, given);
  } else if (given instanceof Uint8Array) writer.bytes(value.bytes, given);
  else if (Array.isArray(given)) {
    writer.begin(value.array);
    for (const one of given) {
      writer.begin(1);
      if (one !== null && one !== undefined) writeValue(writer, one);
      writer.end();
    }
    writer.end();
  } else writer.string(value.string, JSON.stringify(given) ?? String(given));
}

/** int64 below zero: two's complement in ten bytes. */
function writeNegative(writer: ProtoWriter, given: number): void {
  writer.rawUint(value.int * 8);
  let rest = BigInt.asUintN(64, BigInt(given));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  writer.raw(Uint8Array.from(bytes));
}
