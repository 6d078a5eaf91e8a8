import { ATTR, batchAttributes, hrTimeOfUs, SPAN } from '@inferometer/core';
import type { PlainSpan } from '../../shared/plain-span.ts';
import { batch, linkWords } from '../../shared/span-record.ts';
import { floatAt, hexAt, plainSpanOf, type Texts, usAt } from './record-words.ts';

/** The span of a batch: a trace of its own, linked to each request in it. */
export function readBatch(words: Int32Array, at: number, texts: Texts, scope: PlainSpan['scope']): PlainSpan {
  const startUs = usAt(words, at + batch.startUs);
  const count = words[at + batch.links] as number;
  const links = Array.from({ length: count }, (_, i) => {
    const l = at + batch.words + i * linkWords;
    return {
      traceId: hexAt(words, l, 4),
      spanId: hexAt(words, l + 4, 2),
      traceState: '',
      attributes: {},
      dropped: 0,
    };
  });
  return plainSpanOf({
    traceId: hexAt(words, at + batch.traceId, 4),
    spanId: hexAt(words, at + batch.spanId, 2),
    name: SPAN.batchRun,
    scope,
    start: hrTimeOfUs(startUs),
    end: hrTimeOfUs(startUs + usAt(words, at + batch.durationUs)),
    attributes: {
      ...batchAttributes({
        model: texts.at(words, at + batch.model) ?? '',
        executor: words[at + batch.executor] as number,
        id: texts.at(words, at + batch.id) ?? '',
        reason: texts.at(words, at + batch.reason) ?? '',
        size: words[at + batch.size] as number,
        tokens: words[at + batch.tokens] as number,
        paddingRatio: floatAt(words, at + batch.paddingRatio),
        device: texts.at(words, at + batch.device) ?? '',
      }),
      // A trace of its own: without the mark, links of requests that are kept would lead nowhere.
      [ATTR.keep]: words[at + batch.mustKeep] === 1,
    },
    links,
  });
}
