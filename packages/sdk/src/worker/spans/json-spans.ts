import type { HrTimePair, PlainSpan } from '../../shared/plain-span.ts';
import { otlpFlags, type ResourceAttributes, type SpanEncoder } from './span-encoder.ts';

/** OTLP as JSON, written as text at once: no object is made for `JSON.stringify` to walk through. */
export function createJsonSpans(resource: ResourceAttributes): SpanEncoder {
  const prefix = `{"resource":{"attributes":${attributesJson(resource)},"droppedAttributesCount":0},"scopeSpans":[`;
  const scopes = new Map<string, { readonly scope: PlainSpan['scope']; json: string }>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(span) {
      const { name, version } = span.scope;
      let scope = scopes.get(name);
      // Two versions of one scope are rare, and have a place each.
      if (scope === undefined || scope.scope.version !== version) {
        const key = scope === undefined ? name : `${name}\n${version}`;
        scope = scopes.get(key) ?? { scope: span.scope, json: '' };
        scopes.set(key, scope);
      }
      scope.json += scope.json === '' ? spanJson(span) : `,${spanJson(span)}`;
      count++;
    },
    take() {
      const parts: string[] = [];
      for (const { scope, json } of scopes.values()) {
        if (json !== '') parts.push(`{"scope":${scopeJson(scope)},"spans":[${json}]}`);
      }
      scopes.clear();
      count = 0;
      return Buffer.from(`{"resourceSpans":[${prefix}${parts.join(',')}]}]}`, 'utf8');
    },
  };
}

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
      if (Array.isArray(value)) {
        const values = value.map((it) => (it === null || it === undefined ? '{}' : valueJson(it)));
        return `{"arrayValue":{"values":[${values.join(',')}]}}`;
      }
      return `{"stringValue":${quote(JSON.stringify(value) ?? String(value))}}`;
  }
}

const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Names and ids need no escape nearly always, which is quicker to find out than to escape. */
function quote(text: string): string {
  return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`;
}
