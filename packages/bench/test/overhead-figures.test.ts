import { expect, test } from 'vitest';
import {
  countSpans,
  formatOverhead,
  histogramUpdates,
  lostTelemetry,
  median,
  type OverheadReport,
  outsideOverheadMargins,
  type RowResult,
  ratiosOf,
  startAllocationMeter,
  summarise,
} from '../dist/overhead/index.js';

const row = (name: string, mainUs: number, processUs: number, rpsRatio: number): RowResult => ({
  name,
  main_cpu_us: 35 + mainUs,
  process_cpu_us: 40 + processUs,
  rps: 20_000 * rpsRatio,
  p99_ms: 1,
  bytes_per_request: 10_000,
  over_bare: { main_cpu_us: mainUs, process_cpu_us: processUs, rps_ratio: rpsRatio },
  ...(['ours', 'stock'].includes(name) && {
    spans_per_request: 9,
    roots_per_request: 1,
    histogram_updates_per_request: 9,
  }),
});

const call = (ns: number, bytes = 0) => ({ ns, bytes });

function reportOf(rows: readonly RowResult[], more: Partial<OverheadReport> = {}): OverheadReport {
  return {
    rows,
    ratios: ratiosOf(rows),
    machine: { node: 'v24', cores: 2, cpu: 'a processor' },
    effort: { rounds: 1, seconds: 1, warmUpRequests: 1, allocationRequests: 1, connections: 1 },
    protocol: 'http/protobuf',
    missing: [],
    ...more,
  };
}

const good = [
  row('bare', 0, 0, 1),
  row('disabled', 1, 1, 0.97),
  row('ours', 7.5, 30, 0.75),
  row('stock', 150, 180, 0.18),
];

/** A length-delimited protobuf field. */
const field = (number: number, ...parts: readonly (readonly number[])[]): number[] => {
  const content = parts.flat();
  const length =
    content.length < 128 ? [content.length] : [(content.length % 128) | 128, content.length >> 7];
  return [number * 8 + 2, ...length, ...content];
};

test('spans of a protobuf request are counted over all resources and scopes, and nothing else is', () => {
  // A name of 200 bytes makes lengths of two bytes; 0x09 is a fixed64, 0x15 a fixed32, 0x18 a varint.
  const span = field(
    2,
    field(5, Array(200).fill(65)),
    [0x30, 1],
    [0x39, 1, 2, 3, 4, 5, 6, 7, 8],
    [0x18, 200, 1],
  );
  const scope = field(1, field(1, [65]));
  const resource = field(1, field(1, [1]));
  const body = [
    ...field(1, resource, field(2, scope, span, span), field(2, scope, span)),
    ...field(1, resource, field(2, scope, [0x15, 1, 2, 3, 4]), field(3, [65])),
    // Kind SERVER, and outside of a span the same field, which is none.
    ...field(1, [0x30, 2], field(2, span, field(2, [0x30, 2]))),
  ];
  expect(countSpans('application/x-protobuf', Uint8Array.from(body))).toEqual({ spans: 5, roots: 1 });
  expect(countSpans('application/x-protobuf', new Uint8Array())).toEqual({ spans: 0, roots: 0 });
});

test('a protobuf request that ends too early is refused', () => {
  const body = Uint8Array.from(field(1, field(2, field(2, [0x18, 1]))));
  expect(() => countSpans('application/x-protobuf', body.subarray(0, -1))).toThrow(RangeError);
});

test('spans of a JSON request are counted, also where an attribute has the text that marks them', () => {
  const span = (value: string, kind: number) => ({
    kind,
    startTimeUnixNano: '1',
    events: [{ timeUnixNano: '2' }],
    links: [{ spanId: 'ab' }],
    attributes: [{ key: 'k', value: { stringValue: value } }],
  });
  const spans = [span('"startTimeUnixNano":', 2), span('startTimeUnixNano', 1), span('"kind":2', 3)];
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  expect(countSpans('application/json', body)).toEqual({ spans: 3, roots: 1 });
});

test('histogram updates are the counts of request and phase durations, whoever wrote them', () => {
  const text = [
    'inference_phase_duration_seconds_bucket{phase="run",le="1"} 99',
    'inference_phase_duration_seconds_count{model="none",phase="run"} 16',
    'inference_request_duration_seconds_count{model="none",status="200"} 2',
    'inference_phase_duration_count{phase="run"} 100 1763000000000',
    'http_request_duration_seconds_count{status_code="200"} 1000',
    'http_server_request_duration_count 5',
  ].join('\n');
  expect(histogramUpdates(text)).toBe(1118);
});

test('median of odd, even and no values', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([])]).toEqual([2, 2.5, Number.NaN]);
});

test('a row is compared with the bare row of the same round, so that a slow round of both cancels', () => {
  const reading = (mainCpuUs: number, requestsPerSecond: number, spansPerRequest?: number) => ({
    mainCpuUs,
    processCpuUs: mainCpuUs + 10,
    requestsPerSecond,
    p99Ms: 1,
    bytesPerRequest: 1000,
    spansPerRequest,
    rootsPerRequest: spansPerRequest && 1,
    histogramUpdatesPerRequest: undefined,
  });
  const bare = [reading(30, 20_000), reading(90, 8000), reading(35, 18_000)];
  const own = [reading(37, 16_000, 9), reading(99, 6000, 8), reading(42, 13_500, 9)];
  const result = summarise('ours', own, bare);
  expect(result.main_cpu_us).toBe(42);
  expect(result.over_bare).toEqual({ main_cpu_us: 7, process_cpu_us: 7, rps_ratio: 0.75 });
  // The worst round, not the median: dropped spans must show.
  expect(result.spans_per_request).toBe(8);
  expect(summarise('ours', own, undefined)).not.toHaveProperty('over_bare');
});

test('the ratios are of what exceeds bare, and a cost below resolution divides by the resolution', () => {
  expect(ratiosOf(good)).toEqual({
    ours_main_cpu_over_bare_us: 7.5,
    disabled_main_cpu_over_bare_us: 1,
    stock_to_ours_main_cpu: 20,
    stock_to_ours_process_cpu: 6,
    ours_to_bare_throughput: 0.75,
  });
  const free = [...good.slice(0, 2), row('ours', -3, 30, 0.75), ...good.slice(3)];
  expect(ratiosOf(free).stock_to_ours_main_cpu).toBe(300);
  expect(ratiosOf(good.slice(0, 1))).toEqual({});
});

test('a run within the margins has no problems', () => {
  const calls = {
    plain_call: call(1),
    disabled: call(5),
    without_sdk: call(5),
    no_trace_active: call(20, 16),
  };
  const report = reportOf(good, { phase_calls: calls, phase_call_ns: 5 });
  expect([...lostTelemetry(report), ...outsideOverheadMargins(report)]).toEqual([]);
});

test('each margin that is missed is named with its value', () => {
  const calls = {
    plain_call: call(1),
    disabled: call(5, 64),
    without_sdk: call(5),
    no_trace_active: call(5),
  };
  const model = {
    name: 'bundled encoder',
    ours_rps: 80,
    disabled_rps: 100,
    throughput_ratio: 0.8,
    ours_p99_ms: 1,
    disabled_p99_ms: 1,
    spans_per_request: 8,
    roots_per_request: 1,
  };
  const rows = [
    row('bare', 0, 0, 1),
    row('disabled', 40, 1, 1),
    row('ours', 100, 150, 0.2),
    good[3] as RowResult,
  ];
  expect(outsideOverheadMargins(reportOf(rows, { phase_calls: calls, model }))).toEqual([
    'main-thread CPU over bare, stock over ours, is 1.50, expected at least 2',
    'process CPU over bare, stock over ours, is 1.20, expected at least 1.4',
    'throughput of ours over bare is 0.20, expected at least 0.25',
    'main-thread CPU over bare, disabled over stock, is 0.27, expected at most 0.25',
    'bytes that a disabled phase call allocates is 64.00, expected at most 1',
    'throughput with telemetry over without it, on a model, is 0.80, expected at least 0.9',
  ]);
});

test('a row that lost spans or observations voids the comparison', () => {
  const ours = {
    ...row('ours', 1, 1, 1),
    spans_per_request: 18,
    roots_per_request: 0.9,
    histogram_updates_per_request: 0,
  };
  const { spans_per_request: _, ...stock } = row('stock', 150, 180, 0.18);
  expect(lostTelemetry(reportOf([ours, stock]))).toEqual([
    'ours: root spans at the sink a request: 0.90, expected at least 1',
    'ours: histogram updates a request: 0.00, expected at least 9',
    'stock: spans at the sink a request: none, expected at least 9',
  ]);
});

test('the table has a line for each row, and the ratios that matter', () => {
  const text = formatOverhead(reportOf(good, { missing: ['elastic; get it'] }));
  expect(text).toMatch(/^ours +42\.5 µs +\+7\.5 µs +70\.0 µs +\+30\.0 µs +15000 +1\.00 ms +9\.8 KiB +9\.0$/m);
  expect(text).toContain(
    'throughput ours ÷ bare 75.0 %; over bare, stock ÷ ours: main-thread CPU 20.0; process CPU 6.0',
  );
  expect(text).toContain('left out: elastic; get it');
});

test('the allocation meter counts across garbage collections, and nothing where nothing is allocated', () => {
  const kept: number[][] = [];
  const allocate = (arrays: number): void => {
    for (let i = 0; i < arrays; i++) kept[i % 8] = Array.from({ length: 1000 }, (_, at) => at + i + 0.5);
  };
  allocate(1000);
  const meter = startAllocationMeter();
  // Doubles of 8 bytes, and what Array.from leaves behind while it grows: 40 MB and more, far beyond a young generation.
  allocate(5000);
  expect(meter.stop() / (5000 * 8000)).toSatisfy((ratio: number) => ratio > 0.95 && ratio < 6);

  let sum = 0;
  const idle = startAllocationMeter();
  for (let i = 0; i < 1e6; i++) sum = (sum + i) | 0;
  expect(idle.stop()).toBeLessThan(1e6);
  expect(sum).not.toBe(0);
});
