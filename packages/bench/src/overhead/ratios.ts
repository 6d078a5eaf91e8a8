import type { RowResult } from './compare-rows.ts';

/** What the figures are for; undefined where a row was not measured. */
export interface Ratios {
  /** Main-thread CPU of a request over bare, µs. */
  readonly ours_main_cpu_over_bare_us?: number;
  readonly disabled_main_cpu_over_bare_us?: number;
  /** Main-thread CPU over bare: the stock SDK's over ours. */
  readonly stock_to_ours_main_cpu?: number;
  /** CPU of all threads over bare: the stock SDK's over ours. */
  readonly stock_to_ours_process_cpu?: number;
  readonly ours_to_bare_throughput?: number;
}

/** Least that counts as a cost, µs: below it a difference is noise, and a ratio over it would say nothing. */
const resolutionUs = 0.5;

export function ratiosOf(rows: readonly RowResult[]): Ratios {
  const over = (name: string): RowResult['over_bare'] => rows.find((row) => row.name === name)?.over_bare;
  const [ours, stock, disabled] = [over('ours'), over('stock'), over('disabled')];
  return {
    ...(ours && {
      ours_main_cpu_over_bare_us: ours.main_cpu_us,
      ours_to_bare_throughput: ours.rps_ratio,
    }),
    ...(disabled && { disabled_main_cpu_over_bare_us: disabled.main_cpu_us }),
    ...(ours &&
      stock && {
        stock_to_ours_main_cpu: stock.main_cpu_us / Math.max(ours.main_cpu_us, resolutionUs),
        stock_to_ours_process_cpu: stock.process_cpu_us / Math.max(ours.process_cpu_us, resolutionUs),
      }),
  };
}
