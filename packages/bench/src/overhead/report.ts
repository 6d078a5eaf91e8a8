import type { ModelComparison } from './compare-model.ts';
import type { RowResult } from './compare-rows.ts';
import type { PhaseCalls } from './measure-phase-calls.ts';
import type { Effort } from './measure-row.ts';
import type { Ratios } from './ratios.ts';

/** Everything that one run measured; the JSON of `--json`. */
export interface OverheadReport {
  readonly rows: readonly RowResult[];
  readonly ratios: Ratios;
  /** Of one disabled call; absent where phase calls were not measured. */
  readonly phase_call_ns?: number;
  readonly phase_calls?: PhaseCalls;
  readonly model?: ModelComparison;
  readonly machine: { readonly node: string; readonly cores: number; readonly cpu: string };
  readonly effort: Effort;
  readonly protocol: string;
  /** Rows that were left out, and how to get them. */
  readonly missing: readonly string[];
}

const us = (value: number): string => `${value.toFixed(1)} µs`;
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${us(Math.abs(value))}`;
const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`;

/** The report as a person reads it. */
export function formatOverhead(report: OverheadReport): string {
  const { machine, effort } = report;
  return [
    `Node ${machine.node}, ${machine.cores} cores (${machine.cpu}) shared with the load generator, ` +
      `${effort.rounds} rounds of ${effort.seconds} s at ${effort.connections} connections, ${report.protocol}`,
    '',
    ...(report.rows.length > 0 ? [...table(report.rows), ''] : []),
    ...ratioLines(report.ratios),
    ...phaseCallLines(report.phase_calls),
    ...modelLines(report.model),
    ...report.missing.map((line) => `left out: ${line}`),
    '',
  ].join('\n');
}

function table(rows: readonly RowResult[]): string[] {
  const head = [
    'a request',
    'main CPU',
    'over bare',
    'all threads',
    'over bare',
    'requests/s',
    'p99',
    'allocated',
    'spans',
  ];
  const body = rows.map((row) => [
    row.name,
    us(row.main_cpu_us),
    row.over_bare ? signed(row.over_bare.main_cpu_us) : '',
    us(row.process_cpu_us),
    row.over_bare ? signed(row.over_bare.process_cpu_us) : '',
    row.rps.toFixed(0),
    `${row.p99_ms.toFixed(2)} ms`,
    `${(row.bytes_per_request / 1024).toFixed(1)} KiB`,
    row.spans_per_request?.toFixed(1) ?? '',
  ]);
  const all = [head, ...body];
  const widths = head.map((_, column) => Math.max(...all.map((line) => (line[column] as string).length)));
  return all.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart((widths[column] as number) + 3),
      )
      .join('')
      .trimEnd(),
  );
}

function ratioLines(ratios: Ratios): string[] {
  const parts = [
    ratios.ours_main_cpu_over_bare_us !== undefined &&
      `ours ${signed(ratios.ours_main_cpu_over_bare_us)} of main-thread CPU over bare`,
    ratios.ours_to_bare_throughput !== undefined &&
      `throughput ours ÷ bare ${percent(ratios.ours_to_bare_throughput)}`,
    ratios.stock_to_ours_main_cpu !== undefined &&
      `over bare, stock ÷ ours: main-thread CPU ${ratios.stock_to_ours_main_cpu.toFixed(1)}`,
    ratios.stock_to_ours_process_cpu !== undefined &&
      `process CPU ${ratios.stock_to_ours_process_cpu.toFixed(1)}`,
  ].filter((part) => part !== false);
  return parts.length > 0 ? [parts.join('; '), ''] : [];
}

function phaseCallLines(calls: PhaseCalls | undefined): string[] {
  if (!calls) return [];
  const line = (name: string, { ns, bytes }: PhaseCalls['disabled']): string =>
    `  ${name.padEnd(28)} ${ns.toFixed(1).padStart(7)} ns   ${Math.max(0, bytes).toFixed(2).padStart(8)} bytes`;
  return [
    'One phase call with an empty function',
    line('disabled', calls.disabled),
    line('API without the SDK', calls.without_sdk),
    line('on, no trace active', calls.no_trace_active),
    line('the same without telemetry', calls.plain_call),
    '',
  ];
}

function modelLines(model: ModelComparison | undefined): string[] {
  if (!model) return [];
  return [
    `POST /embed, one short text, ${model.name}`,
    `  ours      ${model.ours_rps.toFixed(0)} requests/s   p99 ${model.ours_p99_ms.toFixed(1)} ms`,
    `  disabled  ${model.disabled_rps.toFixed(0)} requests/s   p99 ${model.disabled_p99_ms.toFixed(1)} ms`,
    `  throughput ours ÷ disabled ${percent(model.throughput_ratio)}, ` +
      `${model.spans_per_request.toFixed(1)} spans a request`,
    '',
  ];
}
