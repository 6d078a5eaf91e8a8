import type { Family, HistogramValue, Labels, SummaryValue } from '@inferometer/core';
import { formatNumber } from './format-number.ts';
import { classicBuckets } from './histogram-buckets.ts';
import { labelText, withoutLabel } from './labels.ts';

/** Characters of one chunk, about: enough that a socket or gzip is not called too often, little enough to stream. */
export const chunkLength: number = 65_536;

/**
 * The Prometheus text format 0.0.4, in chunks of whole lines.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function* renderText(families: readonly Family[]): Generator<string> {
  let out = '';
  for (const { name, help, type, series } of families) {
    out += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    const bucketEnds = createBucketEnds(formatNumber);
    for (const { labels, value, histogram, summary } of series) {
      if (histogram) out += histogramLines(name, withoutLabel(labels, 'le'), histogram, bucketEnds);
      else if (summary) out += summaryLines(name, withoutLabel(labels, 'quantile'), summary);
      else if (value !== undefined) out += `${name}${braced(labels)} ${formatNumber(value)}\n`;
      if (out.length >= chunkLength) {
        yield out;
        out = '';
      }
    }
  }
  if (out !== '') yield out;
}

function histogramLines(name: string, labels: Labels, value: HistogramValue, ends: BucketEnds): string {
  const { bounds, counts, total } = classicBuckets(value);
  const texts = ends(bounds);
  const own = labelText(labels);
  const bucket = own === '' ? `${name}_bucket{` : `${name}_bucket{${own},`;
  let lines = '';
  let cumulative = 0;
  for (let i = 0; i <= bounds.length; i++) {
    cumulative += counts[i] ?? 0;
    lines += `${bucket}${texts[i]}${cumulative}\n`;
  }
  const all = braced(labels);
  if (value.hasSum !== false) lines += `${name}_sum${all} ${formatNumber(value.sum)}\n`;
  return `${lines}${name}_count${all} ${total}\n`;
}

function summaryLines(name: string, labels: Labels, { count, sum, quantiles }: SummaryValue): string {
  const own = labelText(labels);
  const open = own === '' ? `${name}{` : `${name}{${own},`;
  const lines = quantiles.map(
    ({ quantile, value }) => `${open}quantile="${formatNumber(quantile)}"} ${formatNumber(value)}\n`,
  );
  const all = braced(labels);
  return `${lines.join('')}${name}_sum${all} ${formatNumber(sum)}\n${name}_count${all} ${formatNumber(count)}\n`;
}

export function braced(labels: Labels): string {
  const text = labelText(labels);
  return text === '' ? '' : `{${text}}`;
}

/** The ends of bucket lines, `le="0.5"} ` and so on, for bounds and +Inf. */
export type BucketEnds = (bounds: readonly number[]) => readonly string[];

/** Remembers the ends of the last bounds, which the series of a family usually share. */
export function createBucketEnds(format: (bound: number) => string): BucketEnds {
  let lastBounds: readonly number[] | undefined;
  let ends: string[] = [];
  return (bounds) => {
    if (bounds !== lastBounds) {
      lastBounds = bounds;
      ends = [...bounds, Number.POSITIVE_INFINITY].map((bound) => `le="${format(bound)}"} `);
    }
    return ends;
  };
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
