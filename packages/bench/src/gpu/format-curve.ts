import { tableLines } from '../serve/table.ts';
import type { Curve } from './measure.ts';

/** The table of latency, throughput, utilisation and memory by precision and batch size. */
export function formatCurve({ device, hardware, tokens, rows }: Curve): string {
  const number = (value: number | null, digits: number): string =>
    value === null ? '–' : value.toFixed(digits);
  const head = ['', 'p50, ms', 'p99, ms', 'texts/s', 'utilisation', 'memory, MiB', 'power, W'];
  const body = rows.map((row) => [
    `${row.precision}, batch ${row.batch}`,
    number(row.p50_ms, 2),
    number(row.p99_ms, 2),
    number(row.sequences_per_second, 0),
    row.utilization === null ? '–' : `${(row.utilization * 100).toFixed(0)} %`,
    number(row.memory_bytes === null ? null : row.memory_bytes / 2 ** 20, 0),
    number(row.power_watts, 0),
  ]);
  return `${device}: ${hardware}, texts of ${tokens} tokens\n\n${tableLines(head, body).join('\n')}\n`;
}
