import type { Exemplar, Labels } from '@inferometer/core';
import { uniqueLabels } from './labels.ts';

/** Characters of names and values that OpenMetrics allows in an exemplar; Prometheus stores no more in any format. */
const maxCharacters = 128;

/** `trace_id`, `span_id` and as many of the further labels as the limit leaves room for. */
export function exemplarLabels({ traceId, spanId, labels }: Exemplar): Labels {
  const ids: Labels[number][] = [];
  if (traceId !== '') ids.push(['trace_id', traceId]);
  if (spanId !== '') ids.push(['span_id', spanId]);
  if (labels === undefined) return ids;
  let left = maxCharacters;
  return uniqueLabels([...ids, ...labels]).filter(([name, value]) => {
    const characters = name.length + [...value].length;
    if (characters > left) return false;
    left -= characters;
    return true;
  });
}
