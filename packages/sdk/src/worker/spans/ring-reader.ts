import {
  ATTR,
  generationSteps,
  hexOfWord,
  type Interval,
  type PhaseSpan,
  planPhases,
  rootName,
  SPAN,
  type SpanExtras,
} from '@inferometer/core';
import type { PlainSpan } from '../../shared/plain-span.ts';
import {
  attributeType,
  attributeWords,
  batch,
  entry,
  entryFlag,
  item,
  itemHead,
  linkWords,
  markWords,
  request,
  requestFlag,
  share,
} from '../../shared/span-record.ts';

/** Turns the messages of the span ring into spans. */
export interface RingReader {
  read(words: Int32Array, at: number, length: number): void;
}

const two32 = 2 ** 32;
const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);
const noEvents: PlainSpan['events'] = [];
const noLinks: PlainSpan['links'] = [];
const unset: PlainSpan['status'] = { code: 0, message: '' };
const errorStatus = 2;
const internalKind = 0;

/**
 * @param version of the distribution, for the scope
 * @param emit gets each span
 */
export function createRingReader(version: string, emit: (span: PlainSpan) => void): RingReader {
  const texts: string[] = [];
  const scope = { name: '@inferometer/core', version };
  let extras: Readonly<Record<string, SpanExtras>> | undefined;
  // Ids of phases that nobody has asked for: a counter in a random frame is as unique, and cheaper.
  let idHigh = Math.floor(Math.random() * two32) | 0;
  let idLow = Math.floor(Math.random() * two32) | 0;

  return {
    read(words, start, length) {
      const end = start + length;
      for (let at = start; at < end; ) {
        const kind = words[at] as number;
        const fields = at + itemHead;
        if (kind === item.string) readText(words, fields);
        else if (kind === item.forget) texts.length = 0;
        else if (kind === item.extras) extras = JSON.parse(texts[words[fields] as number] as string);
        else if (kind === item.request) {
          readRequest(words, fields);
          extras = undefined;
        } else if (kind === item.batch) readBatch(words, fields);
        at = fields + (words[at + 1] as number);
      }
    },
  };

  function readText(words: Int32Array, at: number): void {
    const bytes = words[at + 1] as number;
    texts[words[at] as number] = Buffer.from(
      words.buffer as SharedArrayBuffer,
      words.byteOffset + (at + 2) * 4,
      bytes,
    ).toString('utf8');
  }

  function textAt(words: Int32Array, at: number): string | undefined {
    const id = words[at] as number;
    return id < 0 ? undefined : texts[id];
  }

  function nextId(): string {
    idLow = (idLow + 0x9e3779b9) | 0;
    if (idLow === 0) idHigh = (idHigh + 1) | 0;
    return hexOfWord(idHigh) + hexOfWord(idLow);
  }

  function span(given: Partial<PlainSpan> & Pick<PlainSpan, 'traceId' | 'spanId' | 'name'>): PlainSpan {
    return {
      parentSpanId: '',
      parentIsRemote: false,
      traceState: '',
      traceFlags: 1,
      kind: internalKind,
      start: [0, 0],
      end: [0, 0],
      attributes: {},
      events: noEvents,
      links: noLinks,
      status: unset,
      droppedAttributes: 0,
      droppedEvents: 0,
      droppedLinks: 0,
      scope,
      ...given,
    };
  }

  function readRequest(words: Int32Array, at: number): void {
    const flags = words[at + request.flags] as number;
    const startUs =
      (words[at + request.startHigh] as number) * two32 + ((words[at + request.startLow] as number) >>> 0);
    const totalUs = words[at + request.totalUs] as number;
    const traceId = hexAt(words, at + request.traceId, 4);
    const spanId = hexAt(words, at + request.spanId, 2);
    const traceState = textAt(words, at + request.traceState) ?? '';
    const marks = words[at + request.marks] as number;
    const entries = words[at + request.entries] as number;
    const batches = words[at + request.batches] as number;
    const attributes = words[at + request.attributes] as number;
    const marksAt = at + request.words;
    const entriesAt = marksAt + marks * markWords;
    const batchesAt = entriesAt + entries * entry.words;
    const attributesAt = batchesAt + batches * share.words;
    const base = { traceId, traceState };
    const timeAt = (us: number): [number, number] => timeOf(startUs + us);

    const atUs: number[] = [];
    const phases: (string | undefined)[] = [];
    for (let i = 0; i < marks; i++) {
      atUs.push(words[marksAt + i * markWords] as number);
      phases.push(textAt(words, marksAt + i * markWords + 1));
    }
    const covered: Interval[] = [];
    const ids: string[] = [];
    for (let i = 0; i < entries; i++) {
      const e = entriesAt + i * entry.words;
      const entryFlags = words[e + entry.flags] as number;
      ids.push((entryFlags & entryFlag.hasId) !== 0 ? hexAt(words, e + entry.spanId, 2) : nextId());
      if ((words[e + entry.parent] as number) < 0) {
        covered.push([words[e + entry.startUs] as number, words[e + entry.endUs] as number]);
      }
    }

    emitRoot();
    const generation =
      (flags & requestFlag.generation) === 0
        ? undefined
        : {
            firstUs: words[at + request.firstTokenUs] as number,
            lastUs: words[at + request.lastTokenUs] as number,
            tokens: words[at + request.tokens] as number,
          };
    const links = linksOf(words, batchesAt, batches);
    for (const phase of planPhases({ atUs, phases, totalUs }, generation !== undefined, covered)) {
      const id = nextId();
      emit(
        span({
          ...base,
          spanId: id,
          parentSpanId: spanId,
          name: `inference.${phase.phase}`,
          start: timeAt(phase.startUs),
          end: timeAt(phase.endUs),
          attributes: phaseAttributes(phase.phase, phase.count, phase.activeUs),
          links: hasLinks(phase) ? links : noLinks,
        }),
      );
      if (phase.phase === 'run' && generation) {
        for (const step of generationSteps(phase, generation)) {
          emit(
            span({
              ...base,
              spanId: nextId(),
              parentSpanId: id,
              name: step.name,
              start: timeAt(step.startUs),
              end: timeAt(step.endUs),
              attributes: step.attributes,
            }),
          );
        }
      }
    }
    for (let i = 0; i < entries; i++) emitEntry(i);

    function emitRoot(): void {
      const method = textAt(words, at + request.method) ?? '';
      const status = words[at + request.status] as number;
      const errorType = textAt(words, at + request.errorType);
      emit(
        withExtras(
          span({
            ...base,
            spanId,
            parentSpanId: (flags & requestFlag.parent) === 0 ? '' : hexAt(words, at + request.parentId, 2),
            parentIsRemote: (flags & requestFlag.remote) !== 0,
            name: rootName(method, textAt(words, at + request.route) ?? ''),
            kind: words[at + request.kind] as number,
            start: timeAt(0),
            end: timeAt(totalUs),
            attributes: { ...attributesOf(words, attributesAt, attributes), ...recordAttributes(method) },
            status: status >= 500 ? { code: errorStatus, message: errorType ?? `status ${status}` } : unset,
          }),
          extras?.['-1'],
        ),
      );
    }

    function recordAttributes(method: string): Record<string, string | number | boolean> {
      const known: Record<string, string | number | boolean> = {
        [ATTR.eventId]: spanId,
        [ATTR.unattributedMs]: unattributedUs(atUs, phases, totalUs) / 1000,
        [ATTR.iterations]: words[at + request.iterations] as number,
        [ATTR.deviceMs]: floatAt(words, at + request.deviceMs),
      };
      if (method !== '') {
        known[ATTR.httpMethod] = method;
        known[ATTR.httpStatus] = words[at + request.status] as number;
      }
      const put = (key: string, value: string | undefined): void => {
        if (value !== undefined) known[key] = value;
      };
      const model = textAt(words, at + request.model);
      put(ATTR.httpRoute, method === '' ? undefined : textAt(words, at + request.route) || undefined);
      put(ATTR.model, model);
      put(ATTR.genAiRequestModel, model);
      put(ATTR.tenant, textAt(words, at + request.tenant));
      put(ATTR.session, textAt(words, at + request.session));
      put(ATTR.errorType, textAt(words, at + request.errorType));
      put(ATTR.keepReason, textAt(words, at + request.kept));
      known[ATTR.keep] = (flags & requestFlag.mustKeep) !== 0;
      const ttftUs = words[at + request.ttftUs] as number;
      if (ttftUs >= 0) known[ATTR.ttftMs] = ttftUs / 1000;
      const skipped = words[at + request.skipped] as number;
      if (skipped > 0) known[ATTR.skippedPhases] = skipped;
      return known;
    }

    function emitEntry(i: number): void {
      const e = entriesAt + i * entry.words;
      const entryFlags = words[e + entry.flags] as number;
      const parent = words[e + entry.parent] as number;
      const name = textAt(words, e + entry.name) ?? '';
      const below = (entryFlags & entryFlag.below) !== 0 ? hexAt(words, e + entry.belowId, 2) : undefined;
      emit(
        withExtras(
          span({
            ...base,
            spanId: ids[i] as string,
            parentSpanId: below ?? (parent < 0 ? spanId : (ids[parent] ?? spanId)),
            name: `inference.${name}`,
            start: timeAt(words[e + entry.startUs] as number),
            end: timeAt(words[e + entry.endUs] as number),
            attributes: phaseAttributes(
              name,
              words[e + entry.count] as number,
              words[e + entry.activeUs] as number,
            ),
            links: name === 'batch' || name === 'run' ? links : noLinks,
            status: (entryFlags & entryFlag.failed) !== 0 ? { code: errorStatus, message: '' } : unset,
          }),
          extras?.[i],
        ),
      );
    }
  }

  function attributesOf(words: Int32Array, at: number, count: number): Record<string, never> {
    const attributes: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const a = at + i * attributeWords;
      const key = textAt(words, a) as string;
      switch (words[a + 1]) {
        case attributeType.string:
          attributes[key] = textAt(words, a + 2);
          break;
        case attributeType.number:
          attributes[key] = floatAt(words, a + 2);
          break;
        case attributeType.boolean:
          attributes[key] = words[a + 2] === 1;
          break;
        default:
          attributes[key] = JSON.parse(textAt(words, a + 2) as string);
      }
    }
    return attributes as Record<string, never>;
  }

  function linksOf(words: Int32Array, at: number, count: number): PlainSpan['links'] {
    const links: PlainSpan['links'][number][] = [];
    for (let i = 0; i < count; i++) {
      const s = at + i * share.words;
      if (words[s + share.hasLink] === 0) continue;
      links.push({
        traceId: hexAt(words, s + share.traceId, 4),
        spanId: hexAt(words, s + share.spanId, 2),
        traceState: '',
        attributes: {
          [ATTR.batchId]: textAt(words, s + share.id) ?? '',
          [ATTR.batchSize]: words[s + share.size] as number,
          [ATTR.deviceMsShare]: floatAt(words, s + share.deviceMs),
        },
        dropped: 0,
      });
    }
    return links;
  }

  function readBatch(words: Int32Array, at: number): void {
    const startUs =
      (words[at + batch.startHigh] as number) * two32 + ((words[at + batch.startLow] as number) >>> 0);
    const links: PlainSpan['links'][number][] = [];
    const count = words[at + batch.links] as number;
    for (let i = 0; i < count; i++) {
      const l = at + batch.words + i * linkWords;
      links.push({
        traceId: hexAt(words, l, 4),
        spanId: hexAt(words, l + 4, 2),
        traceState: '',
        attributes: {},
        dropped: 0,
      });
    }
    emit(
      span({
        traceId: hexAt(words, at + batch.traceId, 4),
        spanId: hexAt(words, at + batch.spanId, 2),
        name: SPAN.batchRun,
        start: timeOf(startUs),
        end: timeOf(startUs + (words[at + batch.durationUs] as number)),
        attributes: {
          [ATTR.model]: textAt(words, at + batch.model) ?? '',
          [ATTR.executor]: words[at + batch.executor] as number,
          [ATTR.batchId]: textAt(words, at + batch.id) ?? '',
          [ATTR.batchReason]: textAt(words, at + batch.reason) ?? '',
          [ATTR.batchSize]: words[at + batch.size] as number,
          [ATTR.batchTokens]: words[at + batch.tokens] as number,
          [ATTR.batchPaddingRatio]: floatAt(words, at + batch.paddingRatio),
        },
        links,
      }),
    );
  }
}

function hasLinks({ phase }: PhaseSpan): boolean {
  return phase === 'batch' || phase === 'run';
}

function phaseAttributes(phase: string, count: number, activeUs: number): Record<string, string | number> {
  return count > 1
    ? { [ATTR.phase]: phase, [ATTR.phaseCount]: count, [ATTR.phaseActiveMs]: activeUs / 1000 }
    : { [ATTR.phase]: phase };
}

/** What was put on a span by others, over what we know of it. */
function withExtras(span: PlainSpan, extras: SpanExtras | undefined): PlainSpan {
  if (extras === undefined) return span;
  return {
    ...span,
    name: extras.name ?? span.name,
    attributes: { ...span.attributes, ...extras.attributes },
    events: extras.events.map(({ name, epochUs, attributes, dropped }) => ({
      name,
      time: timeOf(epochUs),
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

/** µs in no phase. */
function unattributedUs(
  atUs: readonly number[],
  phases: readonly (string | undefined)[],
  totalUs: number,
): number {
  let sum = Math.min(atUs[0] ?? totalUs, totalUs);
  for (let i = 0; i < atUs.length; i++) {
    if (phases[i] !== undefined) continue;
    sum += Math.min(atUs[i + 1] ?? totalUs, totalUs) - Math.min(atUs[i] as number, totalUs);
  }
  return sum;
}

function timeOf(epochUs: number): [number, number] {
  const seconds = Math.floor(epochUs / 1e6);
  return [seconds, (epochUs - seconds * 1e6) * 1000];
}

function floatAt(words: Int32Array, at: number): number {
  floatWords[0] = words[at] as number;
  floatWords[1] = words[at + 1] as number;
  return float[0] as number;
}

function hexAt(words: Int32Array, at: number, count: number): string {
  let hex = '';
  for (let i = 0; i < count; i++) hex += hexOfWord(words[at + i] as number);
  return hex;
}
