import { ATTR } from '@inferometer/core';
import type { HrTimePair, PlainSpan } from '../../shared/plain-span.ts';
import { type ByteText, createByteText } from './byte-text.ts';
import { otlpFlags, ownScopeName, type ResourceAttributes, type SpanEncoder } from './span-encoder.ts';

const maxTemplates = 1000;

/** Longer texts are escaped without being looked at. */
const maxPlainLength = 200;

/** OTLP as JSON, written as text at once: no object is made for `JSON.stringify` to walk through. */
export function createJsonSpans(resource: ResourceAttributes, version = ''): SpanEncoder {
  const scopes = new Map<string, Scope>();
  const own = scopeOf({ name: ownScopeName, version });
  scopes.set(ownScopeName, own);
  // What phases of one name have in common: name, kind, attribute.
  const templates = new Map<string, Buffer>();
  const flags = otlpFlags(1, false);
  const front = Buffer.from(
    `{"resourceSpans":[{"resource":{"attributes":${attributesJson(resource)},"droppedAttributesCount":0},"scopeSpans":[`,
  );
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(span) {
      const { name, version: spanVersion } = span.scope;
      let scope = scopes.get(name);
      // Two versions of one scope are rare, and have a place each.
      if (scope === undefined || scope.version !== spanVersion) {
        const key = scope === undefined ? name : `${name}\n${spanVersion}`;
        scope = scopes.get(key) ?? scopeOf(span.scope);
        scopes.set(key, scope);
      }
      if (scope.spans.length > 0) scope.spans.raw(comma);
      scope.spans.text(spanJson(span));
      count++;
    },
    addPhase({ words, traceAt, idHigh, idLow, parentHigh, parentLow, name, startUs, endUs }) {
      let template = templates.get(name);
      if (template === undefined) {
        template = Buffer.from(
          `","name":${quote(`inference.${name}`)},"kind":1,"attributes":${attributesJson({ [ATTR.phase]: name })},"flags":${flags},"startTimeUnixNano":"`,
        );
        if (templates.size < maxTemplates) templates.set(name, template);
      }
      const { spans } = own;
      if (spans.length > 0) spans.raw(comma);
      spans.raw(traceKey);
      for (let i = 0; i < 4; i++) spans.hexWord(words[traceAt + i] as number);
      spans.raw(spanKey);
      spans.hexWord(idHigh);
      spans.hexWord(idLow);
      spans.raw(parentKey);
      spans.hexWord(parentHigh);
      spans.hexWord(parentLow);
      spans.raw(template);
      spans.digits(startUs);
      spans.raw(endKey);
      spans.digits(endUs);
      spans.raw(spanEnd);
      count++;
    },
    take() {
      const parts: Uint8Array[] = [front];
      for (const { front: scopeFront, spans } of scopes.values()) {
        if (spans.length > 0)
          parts.push(parts.length > 1 ? comma : nothing, scopeFront, spans.view(), scopeEnd);
      }
      parts.push(end);
      const body = Buffer.concat(parts);
      own.spans.clear();
      scopes.clear();
      scopes.set(ownScopeName, own);
      count = 0;
      return body;
    },
  };
}

interface Scope {
  readonly version: string;
  readonly front: Buffer;
  readonly spans: ByteText;
}

function scopeOf(scope: PlainSpan['scope']): Scope {
  return {
    version: scope.version,
    front: Buffer.from(`{"scope":${scopeJson(scope)},"spans":[`),
    spans: createByteText(64 * 1024),
  };
}

const nothing: Buffer = Buffer.alloc(0);
const comma: Buffer = Buffer.from(',');
const traceKey: Buffer = Buffer.from('{"traceId":"');
const spanKey: Buffer = Buffer.from('","spanId":"');
const parentKey: Buffer = Buffer.from('","parentSpanId":"');
const endKey: Buffer = Buffer.from('000","endTimeUnixNano":"');
const spanEnd: Buffer = Buffer.from('000"}');
const scopeEnd: Buffer = Buffer.from(']}');
const end: Buffer = Buffer.from(']}]}');

function scopeJson({ name, version }: PlainSpan['scope']): string {
  return version === '' ? `{"name":${quote(name)}}` : `{"name":${quote(name)},"version":${quote(version)}}`;
}

function spanJson(span: PlainSpan): string {
  let json = `{"traceId":"${span.traceId}","spanId":"${span.spanId}"`;
  if (span.traceState !== '') json += `,"traceState":${quote(span.traceState)}`;
  if (span.parentSpanId !== '') json += `,"parentSpanId":"${span.parentSpanId}"`;
  json += `,"name":${quote(span.name)},"kind":${span.kind + 1},"startTimeUnixNano":"${nanos(span.start)}","endTimeUnixNano":"${nanos(span.end)}","attributes":${attributesJson(span.attributes)}`;
  if (span.droppedAttributes > 0) json += `,"droppedAttributesCount":${span.droppedAttributes}`;
  if (span.events.length > 0) json += `,"events":[${span.events.map(eventJson).join(',')}]`;
  if (span.droppedEvents > 0) json += `,"droppedEventsCount":${span.droppedEvents}`;
  if (span.links.length > 0) json += `,"links":[${span.links.map(linkJson).join(',')}]`;
  if (span.droppedLinks > 0) json += `,"droppedLinksCount":${span.droppedLinks}`;
  if (span.status.code !== 0) {
    const { code, message } = span.status;
    json +=
      message === ''
        ? `,"status":{"code":${code}}`
        : `,"status":{"code":${code},"message":${quote(message)}}`;
  }
  return `${json},"flags":${otlpFlags(span.traceFlags, span.parentIsRemote)}}`;
}

function eventJson({ name, time, attributes, dropped }: PlainSpan['events'][number]): string {
  return `{"timeUnixNano":"${nanos(time)}","name":${quote(name)},"attributes":${attributesJson(attributes)},"droppedAttributesCount":${dropped}}`;
}

function linkJson({ traceId, spanId, traceState, attributes, dropped }: PlainSpan['links'][number]): string {
  const state = traceState === '' ? '' : `,"traceState":${quote(traceState)}`;
  return `{"traceId":"${traceId}","spanId":"${spanId}"${state},"attributes":${attributesJson(attributes)},"droppedAttributesCount":${dropped}}`;
}

function nanos([seconds, nanoseconds]: HrTimePair): string {
  return `${seconds}${String(nanoseconds).padStart(9, '0')}`;
}

export function attributesJson(attributes: ResourceAttributes): string {
  let json = '';
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    json += `${json === '' ? '' : ','}{"key":${quote(key)},"value":${valueJson(value)}}`;
  }
  return `[${json}]`;
}

function valueJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `{"stringValue":${quote(value)}}`;
    case 'number':
      if (Number.isInteger(value) && Number.isSafeInteger(value)) return `{"intValue":${value}}`;
      // JSON has no numbers that are none: protobuf's mapping has them as texts.
      return `{"doubleValue":${Number.isFinite(value) ? value : `"${Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'}"`}}`;
    case 'boolean':
      return `{"boolValue":${value}}`;
    default:
      if (value instanceof Uint8Array) return `{"bytesValue":"${Buffer.from(value).toString('base64')}"}`;
      if (Array.isArray(value)) {
        const values = value.map((it) => (it === null || it === undefined ? '{}' : valueJson(it)));
        return `{"arrayValue":{"values":[${values.join(',')}]}}`;
      }
      return `{"stringValue":${quote(JSON.stringify(value) ?? String(value))}}`;
  }
}

/** Names and ids need no escape nearly always, which is quicker to find out than to escape. */
function quote(text: string): string {
  const { length } = text;
  if (length > maxPlainLength) return JSON.stringify(text);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    // Control characters, quote, backslash, halves of surrogate pairs.
    if (code < 32 || code === 34 || code === 92 || (code >= 0xd800 && code <= 0xdfff))
      return JSON.stringify(text);
  }
  return `"${text}"`;
}
