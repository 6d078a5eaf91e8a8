import {
  ATTR,
  generationSteps,
  hexOfWord,
  hrTimeOfUs,
  type Interval,
  minGapUs,
  planPhases,
  type SpanExtras,
} from '@inferometer/core';
import type { PlainSpan } from '../../shared/plain-span.ts';
import { entry, entryFlag, mark, request, requestFlag, share } from '../../shared/span-record.ts';
import { failed, floatAt, hexAt, noLinks, plainSpanOf, type Texts, unset, usAt } from './record-words.ts';
import { rootSpan, withExtras } from './root-span.ts';
import type { PhaseOfRequest } from './span-encoder.ts';

/** Where spans go. */
export interface SpanSink {
  add(span: PlainSpan): void;
  addPhase(span: PhaseOfRequest): void;
}

/** What others have put on the spans of a request: by entry, the root's under -1. */
export type ExtrasByEntry = Readonly<Record<string, SpanExtras>>;

/** Reads requests: the root span, and below it phases and calls of `phase()`. */
export interface RequestReader {
  read(words: Int32Array, at: number, extras: ExtrasByEntry | undefined, sink: SpanSink): void;
}

const maxEntries = 1024;

export function createRequestReader(texts: Texts, scope: PlainSpan['scope']): RequestReader {
  // Ids of phases that nobody has asked for: a counter in a random frame is as unique, and cheaper.
  let idHigh = Math.floor(Math.random() * 2 ** 32) | 0;
  let idLow = Math.floor(Math.random() * 2 ** 32) | 0;
  const nextId = (): void => {
    idLow = (idLow + 0x9e3779b9) | 0;
    if (idLow === 0) idHigh = (idHigh + 1) | 0;
  };
  // Span ids of the entries of one request, two words each.
  const ids = new Int32Array(maxEntries * 2);
  const phase: PhaseOfRequest = {
    words: ids,
    traceAt: 0,
    idHigh: 0,
    idLow: 0,
    parentHigh: 0,
    parentLow: 0,
    name: '',
    startUs: 0,
    endUs: 0,
  };

  return {
    read(words, at, extras, sink) {
      const marks = words[at + request.marks] as number;
      const entries = words[at + request.entries] as number;
      const batches = words[at + request.batches] as number;
      const entriesAt = at + request.words + marks * mark.words;
      const batchesAt = entriesAt + entries * entry.words;
      const attributesAt = batchesAt + batches * share.words;
      const startUs = usAt(words, at + request.startUs);
      const totalUs = usAt(words, at + request.totalUs);
      const root = rootSpan(words, at, attributesAt, texts, scope);
      sink.add(withExtras(root, extras?.['-1']));
      const links = linksOf(words, batchesAt, batches);
      phase.words = words;
      phase.traceAt = at + request.traceId;

      /** A span of a name and two times below the root, or below what `parentHigh` and `parentLow` say. */
      const emit = (name: string, fromUs: number, toUs: number): void => {
        phase.name = name;
        phase.startUs = startUs + fromUs;
        phase.endUs = startUs + toUs;
        sink.addPhase(phase);
      };
      const belowRoot = (): void => {
        nextId();
        phase.idHigh = idHigh;
        phase.idLow = idLow;
        phase.parentHigh = words[at + request.spanId] as number;
        phase.parentLow = words[at + request.spanId + 1] as number;
      };
      const isPlain = root.traceState === '';

      for (let i = 0; i < entries; i++) {
        const e = entriesAt + i * entry.words;
        if (((words[e + entry.flags] as number) & entryFlag.hasId) !== 0) {
          ids[i * 2] = words[e + entry.spanId] as number;
          ids[i * 2 + 1] = words[e + entry.spanId + 1] as number;
        } else {
          nextId();
          ids[i * 2] = idHigh;
          ids[i * 2 + 1] = idLow;
        }
      }
      if (marks > 0 || entries === 0) readMarks();
      else readGaps();
      for (let i = 0; i < entries; i++) readEntry(i);

      /** The time between calls of `phase()`, where it is worth telling. */
      function readGaps(): void {
        const least = minGapUs(totalUs);
        let covered = 0;
        for (let i = 0; i < entries; i++) {
          const e = entriesAt + i * entry.words;
          if ((words[e + entry.parent] as number) >= 0) continue;
          const from = usAt(words, e + entry.startUs);
          const to = usAt(words, e + entry.endUs);
          if (from - covered >= least) gap(covered, from);
          if (to > covered) covered = to;
        }
        if (totalUs - covered >= least) gap(covered, totalUs);
      }

      function gap(from: number, to: number): void {
        belowRoot();
        if (isPlain) emit('unattributed', from, to);
        else full('unattributed', from, to, {}, noLinks);
      }

      function readMarks(): void {
        const marksAt = at + request.words;
        const atUs: number[] = [];
        const phases: (string | undefined)[] = [];
        for (let i = 0; i < marks; i++) {
          atUs.push(usAt(words, marksAt + i * mark.words));
          phases.push(texts.at(words, marksAt + i * mark.words + mark.phase));
        }
        const covered: Interval[] = [];
        for (let i = 0; i < entries; i++) {
          const e = entriesAt + i * entry.words;
          if ((words[e + entry.parent] as number) >= 0) continue;
          covered.push([usAt(words, e + entry.startUs), usAt(words, e + entry.endUs)]);
        }
        const isGeneration = ((words[at + request.flags] as number) & requestFlag.generation) !== 0;
        for (const planned of planPhases({ atUs, phases, totalUs }, isGeneration, covered)) {
          belowRoot();
          const isRun = planned.phase === 'run';
          const linked = (isRun || planned.phase === 'batch') && links.length > 0;
          if (isPlain && planned.count === 1 && !linked) emit(planned.phase, planned.startUs, planned.endUs);
          else {
            const counts = countsOf(planned.count, planned.activeUs);
            full(planned.phase, planned.startUs, planned.endUs, counts, linked ? links : noLinks);
          }
          if (isRun && isGeneration) readGeneration(planned, hexOfWord(idHigh) + hexOfWord(idLow));
        }
      }

      function readGeneration(run: { startUs: number; endUs: number }, parentSpanId: string): void {
        const generation = {
          firstUs: usAt(words, at + request.firstTokenUs),
          lastUs: usAt(words, at + request.lastTokenUs),
          tokens: words[at + request.tokens] as number,
        };
        for (const step of generationSteps(run, generation)) {
          nextId();
          sink.add(
            plainSpanOf({
              traceId: root.traceId,
              traceState: root.traceState,
              spanId: hexOfWord(idHigh) + hexOfWord(idLow),
              parentSpanId,
              name: step.name,
              scope,
              start: hrTimeOfUs(startUs + step.startUs),
              end: hrTimeOfUs(startUs + step.endUs),
              attributes: step.attributes,
            }),
          );
        }
      }

      function readEntry(i: number): void {
        const e = entriesAt + i * entry.words;
        const flags = words[e + entry.flags] as number;
        const parent = words[e + entry.parent] as number;
        const count = words[e + entry.count] as number;
        const name = texts.at(words, e + entry.name) ?? '';
        const from = usAt(words, e + entry.startUs);
        const to = usAt(words, e + entry.endUs);
        phase.idHigh = ids[i * 2] as number;
        phase.idLow = ids[i * 2 + 1] as number;
        const below = (flags & entryFlag.below) !== 0;
        phase.parentHigh = (
          below ? words[e + entry.belowId] : parent < 0 ? words[at + request.spanId] : ids[parent * 2]
        ) as number;
        phase.parentLow = (
          below
            ? words[e + entry.belowId + 1]
            : parent < 0
              ? words[at + request.spanId + 1]
              : ids[parent * 2 + 1]
        ) as number;
        const linked = (name === 'run' || name === 'batch') && links.length > 0;
        const hasFailed = (flags & entryFlag.failed) !== 0;
        const more = extras?.[i];
        if (isPlain && count === 1 && !linked && !hasFailed && more === undefined) emit(name, from, to);
        else {
          const counts = countsOf(count, usAt(words, e + entry.activeUs));
          full(name, from, to, counts, linked ? links : noLinks, hasFailed, more);
        }
      }

      /** A phase with more than a name and two times. */
      function full(
        name: string,
        from: number,
        to: number,
        counts: Record<string, number>,
        linked: PlainSpan['links'],
        hasFailed = false,
        more?: SpanExtras,
      ): void {
        const span = plainSpanOf({
          traceId: root.traceId,
          traceState: root.traceState,
          spanId: hexOfWord(phase.idHigh) + hexOfWord(phase.idLow),
          parentSpanId: hexOfWord(phase.parentHigh) + hexOfWord(phase.parentLow),
          name: `inference.${name}`,
          scope,
          start: hrTimeOfUs(startUs + from),
          end: hrTimeOfUs(startUs + to),
          attributes: { [ATTR.phase]: name, ...counts },
          links: linked,
          status: hasFailed ? failed : unset,
        });
        sink.add(withExtras(span, more));
      }
    },
  };

  function linksOf(words: Int32Array, at: number, count: number): PlainSpan['links'] {
    if (count === 0) return noLinks;
    const links: PlainSpan['links'][number][] = [];
    for (let i = 0; i < count; i++) {
      const s = at + i * share.words;
      if (words[s + share.hasLink] === 0) continue;
      links.push({
        traceId: hexAt(words, s + share.traceId, 4),
        spanId: hexAt(words, s + share.spanId, 2),
        traceState: '',
        attributes: {
          [ATTR.batchId]: texts.at(words, s + share.id) ?? '',
          [ATTR.batchSize]: words[s + share.size] as number,
          [ATTR.deviceMsShare]: floatAt(words, s + share.deviceMs),
        },
        dropped: 0,
      });
    }
    return links;
  }
}

function countsOf(count: number, activeUs: number): Record<string, number> {
  return count > 1 ? { [ATTR.phaseCount]: count, [ATTR.phaseActiveMs]: activeUs / 1000 } : {};
}
