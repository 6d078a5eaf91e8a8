import type { Family, Labels } from '@inferometer/core';
import { describeWithParts, promtool } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';
import { formatBound } from '../src/exposition/format-number.ts';
import type { Format } from '../src/exposition/negotiate.ts';
import { renderFamilies } from '../src/exposition/render.ts';
import { type ParsedSample, parseExposition } from './exposition-parse.ts';
import { createdMs, families, randomNumbers, spanId, traceId } from './exposition-samples.ts';

const rendered = (format: Format, list: readonly Family[]): string =>
  Buffer.concat([...renderFamilies(format, list)]).toString('utf8');
const samplesOf = (text: string, name: string, labels: Record<string, string> = {}): ParsedSample[] =>
  parseExposition(text).samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
const odd = { model: 'a"b\\c\nd' };

describe('text 0.0.4', () => {
  const text = rendered('text', families);

  test('a histogram has cumulative buckets, sum and count', () => {
    const buckets = samplesOf(text, 'test_request_duration_seconds_bucket', odd);
    expect(buckets.map(({ labels, value }) => [labels.le, value])).toEqual([
      ['0.005', 0],
      ['0.01', 0],
      ['0.5', 3],
      ['1', 4],
      ['10', 5],
      ['+Inf', 6],
    ]);
    expect(samplesOf(text, 'test_request_duration_seconds_sum', odd)[0]?.value).toBe(20);
    expect(samplesOf(text, 'test_request_duration_seconds_count', odd)[0]?.value).toBe(6);
  });

  test('types and help come back; exemplars, units and creation times have no place', () => {
    const { helps, types, units, hasEof, samples } = parseExposition(text);
    expect(helps.get('test_request_duration_seconds')).toBe(families[0]?.help);
    expect([...types]).toEqual(families.map(({ name, type }) => [name, type]));
    expect(units.size).toBe(0);
    expect(hasEof).toBe(false);
    expect(samples.some(({ name, exemplar }) => name.endsWith('_created') || exemplar)).toBe(false);
  });

  test('numbers: special ones, integers, large and small ones', () => {
    const values = samplesOf(text, 'test_queue_depth').map(({ value }) => value);
    expect(values).toEqual([3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(text).toContain('test_queue_depth{model="a"} 3\n');
    expect(text).toContain('test_queue_depth{model="up"} +Inf\n');
    expect(samplesOf(text, 'test_other')[0]?.value).toBe(-1.5e-7);
    expect(samplesOf(text, 'test_device_time_seconds_total')[1]?.value).toBe(1e21);
  });

  test('count and buckets agree, whatever count was given', () => {
    const torn = {
      name: 'torn',
      help: '',
      type: 'histogram',
      series: [{ labels: [], histogram: { count: 9, sum: 1, classic: { bounds: [1], counts: [2, 1] } } }],
    } as const;
    const parsed = rendered('text', [torn]);
    expect(samplesOf(parsed, 'torn_count')[0]?.value).toBe(3);
    expect(samplesOf(parsed, 'torn_bucket', { le: '+Inf' })[0]?.value).toBe(3);
  });

  test('a histogram whose values may be negative has no sum', () => {
    const value = { count: 3, sum: 0, hasSum: false, classic: { bounds: [1], counts: [2, 1] } };
    const signed = {
      name: 'x',
      help: '',
      type: 'histogram',
      series: [{ labels: [], histogram: value }],
    } as const;
    for (const format of ['text', 'openmetrics'] as const) {
      const names = parseExposition(rendered(format, [signed])).samples.map(({ name }) => name);
      expect(names).toEqual(['x_bucket', 'x_bucket', 'x_count']);
    }
  });
});

describe('OpenMetrics 1.0', () => {
  const text = rendered('openmetrics', families);

  test('counters are named without _total, but for their samples', () => {
    const { types, helps, samples } = parseExposition(text);
    expect(types.get('test_device_time_seconds')).toBe('counter');
    expect(helps.has('test_device_time_seconds')).toBe(true);
    expect(types.has('test_device_time_seconds_total')).toBe(false);
    expect(samples.some(({ name }) => name === 'test_device_time_seconds_total')).toBe(true);
    // A counter without the suffix keeps its name, and so cannot be a counter here.
    expect(types.get('test_jobs')).toBe('unknown');
    expect(types.get('test_other')).toBe('unknown');
  });

  test('units are given where the name ends in them', () => {
    const { units } = parseExposition(text);
    expect([...units]).toEqual([
      ['test_request_duration_seconds', 'seconds'],
      ['test_device_time_seconds', 'seconds'],
      ['test_gpu_memory_ratio', 'ratio'],
      ['test_run_seconds', 'seconds'],
    ]);
    const unnamed = { ...(families[0] as Family), name: 'test_request_duration' };
    expect(parseExposition(rendered('openmetrics', [unnamed])).units.size).toBe(0);
  });

  test('exemplars are on buckets and counters', () => {
    const labels = { trace_id: traceId, span_id: spanId };
    const bucket = samplesOf(text, 'test_request_duration_seconds_bucket', { ...odd, le: '0.5' })[0];
    expect(bucket?.exemplar).toEqual({ labels, value: 0.5, timeS: createdMs / 1000 });
    const last = samplesOf(text, 'test_request_duration_seconds_bucket', { ...odd, le: '+Inf' })[0];
    expect(last?.exemplar?.value).toBe(16);
    expect(samplesOf(text, 'test_device_time_seconds_total')[0]?.exemplar).toMatchObject({
      labels,
      value: 0.25,
    });
  });

  test('an exemplar has at most 128 characters of labels', () => {
    const labels: Labels = [
      ['short', 'kept'],
      ['long', 'x'.repeat(60)],
      ['a.b', '1'],
    ];
    const exemplar = { value: 1, timestampMs: createdMs, traceId, spanId, labels };
    const family = {
      name: 'a_total',
      help: '',
      type: 'counter',
      series: [{ labels: [], value: 1, exemplar }],
    } as const;
    const [sample] = samplesOf(rendered('openmetrics', [family]), 'a_total');
    expect(Object.keys(sample?.exemplar?.labels ?? {})).toEqual(['trace_id', 'span_id', 'short', 'a_b']);
  });

  test('what began to count says since when', () => {
    const created = parseExposition(text).samples.filter(({ name }) => name.endsWith('_created'));
    expect(created.map(({ name }) => name)).toEqual([
      ...Array.from({ length: 3 }, () => 'test_request_duration_seconds_created'),
      ...Array.from({ length: 2 }, () => 'test_device_time_seconds_created'),
      'test_run_seconds_created',
    ]);
    expect(new Set(created.map(({ value }) => value))).toEqual(new Set([createdMs / 1000]));
  });

  test('bounds are spelled canonically, and the end is marked', () => {
    const bounds = samplesOf(text, 'test_request_duration_seconds_bucket', odd).map(
      ({ labels }) => labels.le,
    );
    expect(bounds).toEqual(['0.005', '0.01', '0.5', '1.0', '10.0', '+Inf']);
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    expect(rendered('openmetrics', [])).toBe('# EOF\n');
  });

  test.each([
    [0, '0.0'],
    [1, '1.0'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-10, '1.5e-10'],
    [100_000, '100000.0'],
    [1_000_000, '1e+06'],
    [1_234_567, '1.234567e+06'],
    [1e100, '1e+100'],
    [-2, '-2.0'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
  ])('%d is %s, as Go spells it', (value, text) => {
    expect(formatBound(value)).toBe(text);
  });
});

describe('labels', () => {
  const withLabels = (labels: Labels, type: 'gauge' | 'histogram' | 'summary' = 'gauge'): ParsedSample[] => {
    const value =
      type === 'histogram'
        ? { histogram: { count: 1, sum: 1, classic: { bounds: [2], counts: [1, 0] } } }
        : type === 'summary'
          ? { summary: { count: 1, sum: 1, quantiles: [{ quantile: 0.5, value: 1 }] } }
          : { value: 1 };
    const text = rendered('text', [{ name: 'a', help: '', type, series: [{ labels, ...value }] }]);
    return [...parseExposition(text).samples];
  };

  test('are never written twice, and have valid names', () => {
    const labels: Labels = [
      ['a.b', '1'],
      ['a_b', '2'],
      ['1st', '3'],
      ['__name__', 'x'],
      ['', '4'],
    ];
    expect(withLabels(labels)[0]?.labels).toEqual({ a_b: '1', _1st: '3', _: '4' });
  });

  test('that formats give themselves are theirs', () => {
    const labels: Labels = [
      ['le', 'mine'],
      ['quantile', 'mine'],
    ];
    expect(withLabels(labels, 'histogram').map((sample) => sample.labels)).toEqual([
      { quantile: 'mine', le: '2' },
      { quantile: 'mine', le: '+Inf' },
      { quantile: 'mine' },
      { quantile: 'mine' },
    ]);
    expect(withLabels(labels, 'summary')[0]?.labels).toEqual({ le: 'mine', quantile: '0.5' });
  });
});

describe.each(['text', 'openmetrics'] as const)('%s', (format) => {
  test('random labels and values read back as they were', () => {
    const random = randomNumbers(4);
    const alphabet = [
      'a',
      'Z',
      '0',
      '"',
      '\\',
      '\n',
      '\\n',
      ',',
      '=',
      '{',
      '}',
      '#',
      ' ',
      '\t',
      '\r',
      'ü',
      '😀',
      '\0',
    ];
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const textOf = (): string =>
      Array.from({ length: Math.floor(random() * 8) }, () => pick(alphabet)).join('');
    const numbers = [0, -0, 1, 123_456_789, 2 ** 53, 5e-324, 1.797e308, Number.NaN, Number.POSITIVE_INFINITY];
    const list = Array.from({ length: 200 }, (_, i): Family => {
      const series = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, k) => ({
        labels: [
          ['id', String(k)],
          ['text', textOf()],
          ['other', textOf()],
        ] as const,
        value: random() < 0.5 ? pick(numbers) : (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20),
      }));
      return { name: `family_${i}`, help: textOf(), type: 'gauge', series };
    });
    const parsed = parseExposition(rendered(format, list));
    const expected = list.flatMap(({ name, series }) =>
      series.map(({ labels, value }) => ({ name, labels: Object.fromEntries(labels), value })),
    );
    expect(parsed.samples).toEqual(expected.map((each) => ({ ...each, value: (each.value ?? 0) + 0 })));
    expect([...parsed.helps.values()]).toEqual(list.map(({ help }) => help));
  });

  test('chunks end with lines, and are not too large to stream', () => {
    const labels = Array.from({ length: 3000 }, (_, i): Labels => [['id', String(i)]]);
    const { histogram } = families[0]?.series[0] ?? {};
    if (histogram === undefined) throw new TypeError('the first sample is a histogram');
    const series = labels.map((each) => ({ labels: each, histogram }));
    const chunks = [...renderFamilies(format, [{ name: 'many', help: '', type: 'histogram', series }])];
    expect(chunks.length).toBeGreaterThan(10);
    for (const chunk of chunks) {
      expect(chunk.at(-1)).toBe(10);
      expect(chunk.length).toBeLessThan(100_000);
    }
    const samples = parseExposition(Buffer.concat(chunks).toString('utf8')).samples;
    expect(samples).toHaveLength(3000 * 8);
  });
});

describeWithParts('promtool', ['promtool'], () => {
  test('reads the text and finds names and units in order', async () => {
    // promtool's lint wants help for each, no unit-less seconds and counters that end in _total: as ours do.
    const ours = families.filter(({ name }) => !['test_other', 'test_jobs'].includes(name));
    const { code, stderr, stdout } = await promtool(['check', 'metrics'], rendered('text', ours));
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: '' });
  });

  test('refuses what is not the format, so that its silence means something', async () => {
    const { code } = await promtool(['check', 'metrics'], 'a{b="1",b="2"} 1\n');
    expect(code).not.toBe(0);
  });
});
