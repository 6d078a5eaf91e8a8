import type { SettingResult } from './choose-settings.ts';
import type { CellResult } from './compare-cells.ts';
import type { OverloadResult } from './overload.ts';
import { tableLines } from './table.ts';
import { ms, percent, rate, times } from './units.ts';

/** Tables of what servers did, as a person reads them. */

export function settingLines(settings: readonly SettingResult[]): string[] {
  const [first] = settings;
  if (!first) return [];
  const cells = Object.keys(first.rps);
  return [
    ...tableLines(
      ['settings of the others, requests/s', ...cells, 'score'],
      settings.map(({ name, setting, rps, score }) => [
        `${name}: ${setting}`,
        ...cells.map((cell) => rate(rps[cell] ?? Number.NaN)),
        score.toFixed(2),
      ]),
    ),
    '',
  ];
}

export function cellLines(cell: CellResult): string[] {
  const plural = cell.connections === 1 ? '' : 's';
  const body = cell.servers.map((row) => [
    row.name,
    rate(row.rps),
    ms(row.p50_ms),
    ms(row.p99_ms),
    `${row.generator_us.toFixed(0)} µs`,
  ]);
  const { rival, bare, bare_latency: latency } = cell;
  return [
    ...tableLines(
      [`${cell.mix} texts, ${cell.connections} connection${plural}`, 'requests/s', 'p50', 'p99', 'generator'],
      body,
    ),
    ...(rival
      ? [
          `  ours ÷ ${rival.name}: ${times(rival.rps_ratio)} the requests/s, ${times(rival.p99_ratio)} the p99`,
        ]
      : []),
    ...(bare
      ? [
          `  ours ÷ bare onnxruntime: ${percent(bare.ratio)} of ${rate(bare.sequences_per_second)} sequences/s (${bare.shape})`,
        ]
      : []),
    ...(latency
      ? [
          `  p50 − bare p50: ${latency.added_ms.toFixed(2)} ms over ${ms(latency.p50_ms)}, tokenising included`,
        ]
      : []),
    '',
  ];
}

export function overloadLines(result: OverloadResult): string[] {
  const body = result.loads.map((load) => [
    percent(load.share),
    rate(load.offered_rps),
    rate(load.goodput_rps),
    percent(load.goodput_ratio),
    ms(load.admitted_p50_ms),
    ms(load.admitted_p99_ms),
    Object.entries(load.refused)
      .map(([status, count]) => `${count} × ${status === '0' ? 'broken' : status}`)
      .join(', ') || 'none',
    Number.isNaN(load.refused_p50_ms) ? '' : ms(load.refused_p50_ms),
    ms(load.lateness_p99_ms),
    `${load.generator_us.toFixed(0)} µs`,
  ]);
  const head = [
    'share of the peak',
    'offered/s',
    'in time/s',
    'of the peak',
    'p50',
    'p99',
    'refused',
    'after',
    'late p99',
    'generator',
  ];
  return [
    `${result.mix} texts, open loop; peak ${rate(result.peak_rps)}/s, deadline ${ms(result.deadline_ms)}`,
    ...tableLines(head, body),
    '',
  ];
}
