import { nameOfShape } from './bare/shapes.ts';
import type { SurveyRow } from './bare/survey.ts';
import type { CellTotals } from './cells.ts';
import type { SettingResult } from './choose-settings.ts';
import type { ColdStart } from './cold-start.ts';
import type { CellResult } from './compare-cells.ts';
import type { Int8Result } from './int8/compare-int8.ts';
import type { KindsResult } from './kinds/compare-kinds.ts';
import type { OpenReading } from './load/reading.ts';
import type { OverloadResult } from './overload.ts';
import { cellLines, overloadLines, settingLines } from './report-servers.ts';
import { tableLines } from './table.ts';
import { ms, rate, times } from './units.ts';

/** Everything that one run measured; the JSON of `--json`. */
export interface ServeReport {
  readonly machine: { readonly node: string; readonly cores: number; readonly cpu: string };
  /** The fastest first. */
  readonly bare?: readonly SurveyRow[];
  /** Of the rivals; the best of each took part in the cells. */
  readonly settings?: readonly SettingResult[];
  readonly cells?: readonly CellResult[];
  readonly totals?: CellTotals;
  /** What our telemetry delivered in the cells. */
  readonly telemetry?: {
    readonly spans_per_request: number;
    readonly roots_per_request: number;
    readonly scrapes: number;
  };
  readonly overload?: readonly OverloadResult[];
  readonly cold_start?: ColdStart;
  /** `echo_text`. */
  readonly echo?: OpenReading;
  readonly int8?: Int8Result;
  readonly kinds?: KindsResult;
  /** What was left out, and how to get it. */
  readonly missing: readonly string[];
}

/** The report as a person reads it. */
export function formatServe(report: ServeReport): string {
  const { machine } = report;
  return [
    `Node ${machine.node}, ${machine.cores} cores (${machine.cpu}) that all processes share`,
    '',
    ...bareLines(report.bare ?? []),
    ...settingLines(report.settings ?? []),
    ...(report.cells ?? []).flatMap(cellLines),
    ...telemetryLines(report),
    ...(report.overload ?? []).flatMap(overloadLines),
    ...serviceLines(report),
    ...kindLines(report.kinds),
    ...int8Lines(report.int8),
    ...report.missing.map((line) => `left out: ${line}`),
    '',
  ].join('\n');
}

const shownShapes = 8;

function bareLines(rows: readonly SurveyRow[]): string[] {
  const names = [...new Set(rows.map(({ mix }) => mix))];
  return names.flatMap((mix) => {
    const own = rows.filter((row) => row.mix === mix);
    const body = own
      .slice(0, shownShapes)
      .map((row) => [nameOfShape(row.shape), rate(row.sequences_per_second)]);
    return [
      `Bare onnxruntime, ${mix} texts: the best of ${own.length} shapes`,
      ...tableLines(['executors × threads', 'sequences/s'], body),
      '',
    ];
  });
}

function telemetryLines({ telemetry, totals }: ServeReport): string[] {
  if (!telemetry || !totals) return [];
  const verified = Object.values(totals.verified).reduce((sum, count) => sum + count, 0);
  return [
    `Our telemetry: ${telemetry.roots_per_request.toFixed(2)} traces and ${telemetry.spans_per_request.toFixed(1)} ` +
      `spans a request at the sink, ${telemetry.scrapes} scrapes`,
    `${verified} answers compared with bare onnxruntime's, each within 1e-4`,
    '',
  ];
}

function serviceLines({ cold_start: start, echo }: ServeReport): string[] {
  return [
    ...(start
      ? [
          `Cold start: ready in ${rate(start.ready_ms)} ms, first answer after ${rate(start.first_answer_ms)} ms ` +
            `(median of ${start.starts} starts)`,
          '',
        ]
      : []),
    ...(echo
      ? [
          `echo_text, open loop at ${rate(echo.offered_rps)}/s: p50 ${ms(echo.admitted_p50_ms)}, ` +
            `p99 ${ms(echo.admitted_p99_ms)}, of which the load generator was late by ${ms(echo.lateness_p99_ms)} (p99)`,
          '',
        ]
      : []),
  ];
}

function kindLines(result: KindsResult | undefined): string[] {
  if (!result) return [];
  return [
    ...tableLines(
      ['executors as', 'processes/s', 'workers/s', 'ratio', 'processes p50', 'workers p50', 'ratio'],
      result.cells.map(({ mix, connections, process, worker, ...ratios }) => [
        `${mix} texts, ${connections} connection${connections === 1 ? '' : 's'}`,
        rate(process.rps),
        rate(worker.rps),
        times(ratios.rps_ratio),
        ms(process.p50_ms),
        ms(worker.p50_ms),
        times(ratios.p50_ratio),
      ]),
    ),
    '',
    ...tableLines(
      ['phase transfer of a tensor', 'to a process', 'to a worker'],
      result.transfers.map((row) => [
        `${(row.bytes / 1024).toFixed(0)} KiB`,
        ms(row.process_ms),
        ms(row.worker_ms),
      ]),
    ),
    '',
  ];
}

function int8Lines(result: Int8Result | undefined): string[] {
  if (!result) return [];
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const { cosine } = result;
  return [
    ...tableLines(
      [`int8 and fp32, ${result.executors} × 1 thread`, 'fp32/s', 'int8/s', 'speed-up'],
      result.rows.map((row) => [
        `${row.mix} texts, batch ${row.batch_size}`,
        rate(row.fp32_per_second),
        rate(row.int8_per_second),
        times(row.speed_up),
      ]),
    ),
    `  memory of an executor: fp32 ${mib(result.fp32_rss_bytes)}, int8 ${mib(result.int8_rss_bytes)}`,
    `  cosine of int8 with fp32 over ${cosine.texts} texts: mean ${cosine.mean.toFixed(4)}, least ${cosine.min.toFixed(4)}`,
    '',
  ];
}
