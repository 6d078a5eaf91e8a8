import { describe, expect, test } from 'vitest';
import {
  type CellReadings,
  compareCell,
  createResponseParser,
  createTexts,
  dealBatches,
  formatServe,
  type HttpAnswer,
  largestDifference,
  layoutsOf,
  lostServeTelemetry,
  mixes,
  nameOfShape,
  type Outcome,
  openReadingOf,
  outsideServeMargins,
  poissonArrivals,
  quantile,
  readingOf,
  type ServeReport,
  scored,
  serializeRequests,
  shapesOf,
} from '../dist/serve/index.js';

test('quantiles lie between neighbours, and of nothing there is none', () => {
  expect([0, 0.5, 0.99, 1].map((q) => quantile([1, 2, 3, 4, 5], q))).toEqual([1, 3, 4.96, 5]);
  expect([quantile([7], 0.99), quantile([], 0.5)]).toEqual([7, Number.NaN]);
});

test('texts have the lengths of their mix, are the same for the same seed and others for another', () => {
  const words = Array.from({ length: 500 }, (_, index) => `w${index}`);
  for (const mix of mixes) {
    const take = (seed: number): string[] => Array.from({ length: 400 }, createTexts(words, mix, seed));
    const texts = take(1);
    const lengths = texts.map((text) => text.split(' ').length + 2);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([mix.leastTokens, mix.mostTokens]);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    expect(Math.abs(mean / ((mix.leastTokens + mix.mostTokens) / 2) - 1)).toBeLessThan(0.1);
    expect(take(1)).toEqual(texts);
    expect(new Set([...texts, ...take(2)]).size).toBe(800);
  }
});

describe('shapes of bare onnxruntime', () => {
  test('layouts share no core; those that use all come first', () => {
    expect(layoutsOf(2)).toEqual([
      { executors: 1, threads: 2 },
      { executors: 2, threads: 1 },
      { executors: 1, threads: 1 },
    ]);
    expect(layoutsOf(1)).toEqual([{ executors: 1, threads: 1 }]);
    expect(layoutsOf(4)).toHaveLength(6);
  });

  test('a batch of one is grouped in one way, larger ones in two', () => {
    const shapes = shapesOf({ executors: 2, threads: 1 }, [1, 8]);
    expect(shapes.map(nameOfShape)).toEqual([
      '2 × 1 thread, batch 1',
      '2 × 1 thread, batch 8, as they come',
      '2 × 1 thread, batch 8, by length',
    ]);
  });

  test('every text is dealt to one executor, and neighbours by length share a batch', () => {
    const texts = [5, 1, 4, 2, 3, 6, 7].map((length) => Array(length).fill(0));
    const deal = (grouping: 'as they come' | 'by length') =>
      dealBatches(texts, { executors: 2, threads: 1, batchSize: 2, grouping }, (batches) => [...batches]).map(
        (hand) => hand.map((batch) => batch.map((text) => text.length)),
      );
    expect(deal('as they come')).toEqual([
      [
        [5, 1],
        [3, 6],
      ],
      [[4, 2], [7]],
    ]);
    expect(deal('by length')).toEqual([
      [
        [1, 2],
        [5, 6],
      ],
      [[3, 4], [7]],
    ]);
  });
});

describe('the open loop', () => {
  test('arrivals are a Poisson process of the rate, the same for the same seed', () => {
    const due = poissonArrivals(200, 50, 3);
    expect(due).toEqual(poissonArrivals(200, 50, 3));
    expect(due).not.toEqual(poissonArrivals(200, 50, 4));
    expect(due.at(-1)).toBeLessThan(50_000);
    expect(due.length).toBeGreaterThan(9500);
    expect(due.length).toBeLessThan(10_500);
    const gaps = due.slice(1).map((at, index) => at - (due[index] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    // Of an exponential distribution: deviation as large as the mean, and a share of 1/e beyond it.
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(gaps.filter((gap) => gap > mean).length / gaps.length).toBeCloseTo(Math.exp(-1), 1);
  });

  test('goodput counts answers in time alone, and refusals by status', () => {
    const reading = openReadingOf(
      outcome([100, 900, 1100, 3, 5, 0], [200, 200, 200, 503, 429, 0], { latenessMs: [0, 0, 0, 0, 0, 2] }),
      1000,
    );
    expect(reading).toMatchObject({
      offered_rps: 3,
      goodput_rps: 1,
      refused: { 0: 1, 429: 1, 503: 1 },
      admitted_p50_ms: 900,
      refused_p50_ms: 3,
    });
    expect(reading.lateness_p99_ms).toBeCloseTo(1.9);
  });
});

function outcome(latencies: number[], statuses: number[], more: { latenessMs?: number[] } = {}): Outcome {
  return {
    seconds: 2,
    latenciesMs: Float64Array.from(latencies),
    statuses: Uint16Array.from(statuses),
    latenessMs: Float64Array.from(more.latenessMs ?? []),
    cpuSeconds: 0.0003,
    samples: [],
    sent: latencies.length,
  };
}

test('a closed loop with a failure has no figures', () => {
  expect(readingOf(outcome([3, 1, 2], [200, 200, 200]), 'x')).toEqual({
    rps: 1.5,
    p50_ms: 2,
    p99_ms: 2.98,
    generator_us: 100,
  });
  expect(() => readingOf(outcome([1, 1], [200, 503]), 'x')).toThrow('x: 1 of 2 requests failed, with 503');
  expect(() => readingOf(outcome([1], [0]), 'x')).toThrow('a broken connection');
  expect(() => readingOf(outcome([], []), 'x')).toThrow('0 of 0');
});

test('vectors differ by their largest number, and what cannot be compared is infinitely far off', () => {
  expect(largestDifference([0.5, 0.25], [0.5, 0.5])).toBe(0.25);
  expect(largestDifference([1], [1, 0])).toBe(Number.POSITIVE_INFINITY);
  expect(largestDifference([Number.NaN], [1])).toBe(Number.POSITIVE_INFINITY);
});

describe('the HTTP of the load generator', () => {
  const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-a: b\r\n\r\nhello';
  const chunked =
    'HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n';
  const empty = 'HTTP/1.1 204 No Content\r\n\r\n';
  const expected = [
    [200, 'hello', true],
    [503, 'abc0123456789', false],
    [204, '', true],
  ];

  test.for([1, 2, 3, 7, 1000])('answers are found in pieces of %i bytes', (size) => {
    const bytes = Buffer.from(plain + chunked + empty);
    const found: unknown[] = [];
    const parse = createResponseParser((answer: HttpAnswer) => {
      found.push([answer.status, answer.body.toString(), answer.keepsAlive]);
    });
    for (let at = 0; at < bytes.length; at += size) parse(bytes.subarray(at, at + size));
    expect(found).toEqual(expected);
  });

  test('what is no answer is refused', () => {
    const parse = (text: string) => () => createResponseParser(() => {})(Buffer.from(text));
    expect(parse('SSH-2.0\r\n\r\n')).toThrow('no HTTP answer');
    expect(parse('HTTP/1.1 200 OK\r\n\r\n')).toThrow('neither content-length nor chunks');
  });

  test('a request carries its text as JSON, and its length in bytes', () => {
    const form = { host: 'h:1', path: '/embed', headers: { 'x-a': '1' }, body: '{"inputs":["TEXT"]}' };
    const [request] = serializeRequests(form, ['a "ü"']);
    const [head = '', body = ''] = (request?.toString() ?? '').split('\r\n\r\n');
    expect(JSON.parse(body)).toEqual({ inputs: ['a "ü"'] });
    expect(head).toMatch(/^POST \/embed HTTP\/1\.1\r\nhost: h:1\r\n/);
    expect(head).toContain('x-a: 1');
    expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
  });
});

const reading = (rps: number, p99Ms: number) => ({ rps, p50_ms: p99Ms / 2, p99_ms: p99Ms, generator_us: 30 });

test('a cell compares with the fastest rival and the best shape, round by round', () => {
  const cell: CellReadings = {
    mix: 'short',
    connections: 32,
    servers: {
      ours: [reading(1000, 40), reading(400, 90), reading(900, 44)],
      slow: [reading(200, 10), reading(100, 20), reading(210, 11)],
      fast: [reading(500, 80), reading(250, 150), reading(500, 88)],
    },
    // The lucky round of a shape that is slower otherwise does not make it the yardstick.
    bareRates: { a: [1100, 500, 1000], b: [900, 2000, 800] },
  };
  expect(compareCell(cell, 'ours')).toMatchObject({
    servers: [
      { name: 'ours', rps: 900, p99_ms: 44 },
      { name: 'slow', rps: 200 },
      { name: 'fast', rps: 500 },
    ],
    rival: { name: 'fast', rps_ratio: 1.8, p99_ratio: 0.5 },
    bare: { shape: 'a', sequences_per_second: 1000, ratio: 0.9 },
  });
  const alone = compareCell(
    { ...cell, connections: 1, servers: { ours: [reading(1, 10)] }, bareRates: {}, bareP50Ms: [4] },
    'ours',
  );
  expect(alone).not.toHaveProperty('rival');
  expect(alone).not.toHaveProperty('bare');
  expect(alone.bare_latency).toEqual({ p50_ms: 4, added_ms: 1 });
});

test('the best setting of a rival is the one that is best over all cells', () => {
  const results = scored([
    { name: 'r', setting: 'one', rps: { a: 100, b: 40 } },
    { name: 'r', setting: 'two', rps: { a: 50, b: 160 } },
  ]);
  expect(results.map(({ score }) => score)).toEqual(
    [0.5, Math.SQRT1_2].map((score) => expect.closeTo(score)),
  );
});

const load = {
  share: 3,
  offered_rps: 2700,
  goodput_rps: 850,
  goodput_ratio: 0.94,
  refused: { 503: 1800 },
  admitted_p50_ms: 400,
  admitted_p99_ms: 800,
  refused_p50_ms: 2,
  lateness_p99_ms: 1,
  generator_us: 30,
};

const sound: ServeReport = {
  machine: { node: 'v24', cores: 2, cpu: 'a processor' },
  bare: [
    {
      mix: 'short',
      shape: { executors: 2, threads: 1, batchSize: 8, grouping: 'by length' },
      sequences_per_second: 987,
    },
  ],
  settings: [{ name: 'FastAPI', setting: '1 thread', rps: { 'short at 32': 321 }, score: 1 }],
  cells: [
    {
      mix: 'short',
      connections: 32,
      servers: [{ name: 'inferometer', ...reading(900, 40) }],
      rival: { name: 'FastAPI', rps_ratio: 1.62, p99_ratio: 0.5 },
      bare: { shape: 'a shape', sequences_per_second: 987, ratio: 0.91 },
    },
    {
      mix: 'short',
      connections: 1,
      servers: [{ name: 'inferometer', ...reading(200, 6) }],
      bare_latency: { p50_ms: 3, added_ms: 0.71 },
    },
  ],
  totals: { requests: { inferometer: 1000 }, verified: { inferometer: 16 } },
  telemetry: { spans_per_request: 9, roots_per_request: 1, scrapes: 12 },
  overload: [{ mix: 'short', peak_rps: 900, deadline_ms: 1000, loads: [load] }],
  cold_start: { starts: 5, ready_ms: 1234, first_answer_ms: 1345 },
  echo: { ...load, refused: {}, admitted_p99_ms: 4.56 },
  int8: {
    executors: 2,
    rows: [{ mix: 'short', batch_size: 8, fp32_per_second: 900, int8_per_second: 1500, speed_up: 1.67 }],
    fp32_rss_bytes: 200 * 2 ** 20,
    int8_rss_bytes: 110 * 2 ** 20,
    cosine: { texts: 400, mean: 0.98765, min: 0.95432 },
  },
  missing: ['BentoML; no wheel'],
};

test('a sound report has no problems, and its text names every figure', () => {
  expect([...lostServeTelemetry(sound), ...outsideServeMargins(sound)]).toEqual([]);
  const text = formatServe(sound);
  for (const part of [
    '2 × 1 thread, batch 8, by length',
    'FastAPI: 1 thread',
    'ours ÷ FastAPI: 1.62 × the requests/s, 0.50 × the p99',
    '91 % of 987 sequences/s (a shape)',
    '0.71 ms over 3.00 ms',
    '9.0 spans',
    '16 answers',
    '1800 × 503',
    'ready in 1234 ms, first answer after 1345 ms',
    'p99 4.56 ms',
    '1.67 ×',
    'fp32 200 MiB, int8 110 MiB',
    'mean 0.9877, least 0.9543',
    'left out: BentoML; no wheel',
  ]) {
    expect(text).toContain(part);
  }
});

test('each margin that is missed is named with its value', () => {
  const [most, one] = sound.cells ?? [];
  if (!most?.rival || !most.bare || !one?.bare_latency || !sound.int8) throw new Error('no cells');
  const broken: ServeReport = {
    ...sound,
    cells: [
      { ...most, rival: { ...most.rival, rps_ratio: 0.5 }, bare: { ...most.bare, ratio: 0.1 } },
      { ...one, bare_latency: { p50_ms: 3, added_ms: 30 } },
    ],
    telemetry: { spans_per_request: 2, roots_per_request: 0.5, scrapes: 0 },
    overload: [
      {
        mix: 'short',
        peak_rps: 900,
        deadline_ms: 1000,
        loads: [{ ...load, goodput_ratio: 0.2, admitted_p99_ms: 4000 }],
      },
    ],
    int8: { ...sound.int8, cosine: { texts: 1, mean: 0.5, min: 0.1 } },
  };
  expect(lostServeTelemetry(broken)).toEqual([
    'traces at the sink a request: 0.50, expected at least 1',
    'spans at the sink a request: 2.0, expected at least 5',
    '/metrics was never scraped, expected once a second',
  ]);
  expect(outsideServeMargins(broken)).toEqual([
    'short texts at 32: requests/s over the best of bare onnxruntime is 0.10, expected at least 0.3',
    'short texts at 32: requests/s over those of FastAPI is 0.50, expected at least 0.8',
    'short texts at 1: p50 over that of bare onnxruntime is 11.00, expected at most 3',
    'short texts offered at 3 of the peak: answers in time over the peak is 0.20, expected at least 0.3',
    'short texts offered at 3 of the peak: p99 of what was admitted over its deadline is 4.00, expected at most 1.5',
    'int8: least cosine with fp32 is 0.10, expected at least 0.8',
  ]);
});
