import type { Exemplar, Family, HistogramValue, Labels, Series, SummaryValue } from '@inferometer/core';
import { exemplarLabels } from './exemplar-labels.ts';
import { formatBound, formatNumber } from './format-number.ts';
import { classicBuckets } from './histogram-buckets.ts';
import { escapeLabelValue, joinLabels, labelText, withoutLabel } from './labels.ts';
import { type BucketEnds, braced, chunkLength, createBucketEnds } from './text.ts';
import { printedUnit } from './units.ts';

/**
 * OpenMetrics 1.0, in chunks of whole lines. A counter whose name lacks `_total` is `unknown`, as in client_golang,
 * so that its samples keep their name in every format.
 * Source: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md
 */
export function* renderOpenMetrics(families: readonly Family[]): Generator<string> {
  let out = '';
  for (const { name, help, unit, type, series } of families) {
    const isCounter = type === 'counter' && name.endsWith('_total');
    const base = isCounter ? name.slice(0, -'_total'.length) : name;
    const printedType = type === 'untyped' || (type === 'counter' && !isCounter) ? 'unknown' : type;
    out += `# TYPE ${base} ${printedType}\n`;
    const word = printedUnit(base, unit);
    if (word !== undefined) out += `# UNIT ${base} ${word}\n`;
    out += `# HELP ${base} ${escapeLabelValue(help)}\n`;
    const bucketEnds = createBucketEnds(formatBound);
    for (const each of series) {
      if (each.histogram) out += histogramLines(name, each, each.histogram, bucketEnds);
      else if (each.summary) out += summaryLines(name, each, each.summary);
      else if (each.value !== undefined) {
        const all = braced(each.labels);
        out += `${name}${all} ${formatNumber(each.value)}${isCounter ? exemplarText(each.exemplar) : ''}\n`;
        if (isCounter) out += createdLine(base, all, each.createdMs);
      }
      if (out.length >= chunkLength) {
        yield out;
        out = '';
      }
    }
  }
  yield `${out}# EOF\n`;
}

function histogramLines(name: string, series: Series, value: HistogramValue, ends: BucketEnds): string {
  const labels = withoutLabel(series.labels, 'le');
  const { bounds, counts, total } = classicBuckets(value);
  const texts = ends(bounds);
  const own = labelText(labels);
  const bucket = own === '' ? `${name}_bucket{` : `${name}_bucket{${own},`;
  let lines = '';
  let cumulative = 0;
  for (let i = 0; i <= bounds.length; i++) {
    cumulative += counts[i] ?? 0;
    lines += `${bucket}${texts[i]}${cumulative}${exemplarText(value.exemplars?.[i])}\n`;
  }
  const all = braced(labels);
  if (value.hasSum !== false) lines += `${name}_sum${all} ${formatNumber(value.sum)}\n`;
  return `${lines}${name}_count${all} ${total}\n${createdLine(name, all, series.createdMs)}`;
}

function summaryLines(name: string, series: Series, { count, sum, quantiles }: SummaryValue): string {
  const labels: Labels = withoutLabel(series.labels, 'quantile');
  const own = labelText(labels);
  const open = own === '' ? `${name}{` : `${name}{${own},`;
  const all = braced(labels);
  let lines = '';
  for (const { quantile, value } of quantiles) {
    lines += `${open}quantile="${formatBound(quantile)}"} ${formatNumber(value)}\n`;
  }
  lines += `${name}_sum${all} ${formatNumber(sum)}\n${name}_count${all} ${formatNumber(count)}\n`;
  return lines + createdLine(name, all, series.createdMs);
}

function createdLine(base: string, labels: string, createdMs: number | undefined): string {
  return createdMs === undefined ? '' : `${base}_created${labels} ${createdMs / 1000}\n`;
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return '';
  return ` # {${joinLabels(exemplarLabels(exemplar))}} ${formatNumber(exemplar.value)} ${exemplar.timestampMs / 1000}`;
}
