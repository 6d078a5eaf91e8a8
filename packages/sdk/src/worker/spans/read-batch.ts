import { ATTR, SPAN } from '@inferometer/core';
import type { PlainSpan } from '../../shared/plain-span.ts';
import { batch, linkWords } from '../../shared/span-record.ts';
import { floatAt, hexAt, plainSpanOf, type Texts, timeOf, usAt } from './record-words.ts';

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
    start: timeOf(startUs),
    end: timeOf(startUs + usAt(words, at + batch.durationUs)),
    attributes: {
      [ATTR.model]: texts.at(words, at + batch.model) ?? '',
      [ATTR.executor]: words[at + batch.executor] as number,
      [ATTR.batchId]: texts.at(words, at + batch.id) ?? '',
      [ATTR.batchReason]: texts.at(words, at + batch.reason) ?? '',
      [ATTR.batchSize]: words[at + batch.size] as number,
      [ATTR.batchTokens]: words[at + batch.tokens] as number,
      [ATTR.batchPaddingRatio]: floatAt(words, at + batch.paddingRatio),
    },
    links,
  });
}
