import { ATTR, hrTimeOfUs, rootName, type SpanExtras } from '@inferometer/core';
import { unpacked } from '../../shared/packed.ts';
import type { PlainSpan } from '../../shared/plain-span.ts';
import { attributeType, attributeWords, request, requestFlag } from '../../shared/span-record.ts';
import { floatAt, hexAt, plainSpanOf, type Texts, unset, usAt } from './record-words.ts';

type Values = Record<string, string | number | boolean>;

/** The root span of a request. */
export function rootSpan(
  words: Int32Array,
  at: number,
  attributesAt: number,
  texts: Texts,
  scope: PlainSpan['scope'],
): PlainSpan {
  const flags = words[at + request.flags] as number;
  const status = words[at + request.status] as number;
  const startUs = usAt(words, at + request.startUs);
  const method = texts.at(words, at + request.method) ?? '';
  const errorType = texts.at(words, at + request.errorType);
  const spanId = hexAt(words, at + request.spanId, 2);
  const attributes = attributesOf(words, attributesAt, words[at + request.attributes] as number, texts);
  addRecord(attributes, words, at, method, spanId, texts);
  return plainSpanOf({
    traceId: hexAt(words, at + request.traceId, 4),
    spanId,
    traceState: texts.at(words, at + request.traceState) ?? '',
    parentSpanId: (flags & requestFlag.parent) === 0 ? '' : hexAt(words, at + request.parentId, 2),
    parentIsRemote: (flags & requestFlag.remote) !== 0,
    name: rootName(method, texts.at(words, at + request.route) ?? ''),
    kind: words[at + request.kind] as number,
    scope,
    start: hrTimeOfUs(startUs),
    end: hrTimeOfUs(startUs + usAt(words, at + request.totalUs)),
    attributes,
    status: status >= 500 ? { code: 2, message: errorType ?? `status ${status}` } : unset,
  });
}

function attributesOf(words: Int32Array, at: number, count: number, texts: Texts): Values {
  const attributes: Values = {};
  for (let i = 0; i < count; i++) {
    const a = at + i * attributeWords;
    const key = texts.at(words, a) as string;
    switch (words[a + 1]) {
      case attributeType.string:
        attributes[key] = texts.at(words, a + 2) ?? '';
        break;
      case attributeType.number:
        attributes[key] = floatAt(words, a + 2);
        break;
      case attributeType.boolean:
        attributes[key] = words[a + 2] === 1;
        break;
      default:
        attributes[key] = unpacked(texts.at(words, a + 2) as string) as string;
    }
  }
  return attributes;
}

/** What the record says, over what the request's own attributes do. */
function addRecord(
  known: Values,
  words: Int32Array,
  at: number,
  method: string,
  spanId: string,
  texts: Texts,
): void {
  const put = (key: string, place: number): void => {
    const text = texts.at(words, at + place);
    if (text) known[key] = text;
  };
  known[ATTR.eventId] = spanId;
  known[ATTR.unattributedMs] = usAt(words, at + request.unattributedUs) / 1000;
  known[ATTR.iterations] = words[at + request.iterations] as number;
  known[ATTR.deviceMs] = floatAt(words, at + request.deviceMs);
  const device = texts.at(words, at + request.device);
  if (device !== undefined) {
    known[ATTR.device] = device;
    known[ATTR.cpuMs] = floatAt(words, at + request.cpuMs);
  }
  if (method !== '') {
    known[ATTR.httpMethod] = method;
    known[ATTR.httpStatus] = words[at + request.status] as number;
    put(ATTR.httpRoute, request.route);
  }
  put(ATTR.model, request.model);
  put(ATTR.genAiRequestModel, request.model);
  put(ATTR.genAiOperation, request.operation);
  if (((words[at + request.flags] as number) & requestFlag.generation) !== 0)
    known[ATTR.genAiOutputTokens] = words[at + request.tokens] as number;
  put(ATTR.tenant, request.tenant);
  put(ATTR.session, request.session);
  put(ATTR.errorType, request.errorType);
  put(ATTR.keepReason, request.kept);
  known[ATTR.keep] = ((words[at + request.flags] as number) & requestFlag.mustKeep) !== 0;
  const ttftUs = usAt(words, at + request.ttftUs);
  if (ttftUs >= 0) known[ATTR.ttftMs] = ttftUs / 1000;
  const skipped = words[at + request.skipped] as number;
  if (skipped > 0) known[ATTR.skippedPhases] = skipped;
}

/** What was put on a span by others, over what we know of it. */
export function withExtras(span: PlainSpan, extras: SpanExtras | undefined): PlainSpan {
  if (extras === undefined) return span;
  return {
    ...span,
    name: extras.name ?? span.name,
    attributes: { ...span.attributes, ...extras.attributes },
    events: extras.events.map(({ name, epochUs, attributes, dropped }) => ({
      name,
      time: hrTimeOfUs(epochUs),
      attributes,
      dropped,
    })),
    links: [...span.links, ...extras.links.map(({ traceState = '', ...link }) => ({ ...link, traceState }))],
    status: extras.status ? { code: extras.status.code, message: extras.status.message ?? '' } : span.status,
    droppedAttributes: extras.droppedAttributes,
    droppedEvents: extras.droppedEvents,
    droppedLinks: extras.droppedLinks,
  };
}
