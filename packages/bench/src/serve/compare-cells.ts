import { median } from '../overhead/median.ts';
import { type CellReadings, medianReading } from './cells.ts';
import type { LoadReading } from './load/reading.ts';

/** One cell of the report; names as `--json` prints them. Medians of the rounds. */
export interface CellResult {
  readonly mix: string;
  readonly connections: number;
  readonly servers: readonly ({ readonly name: string } & LoadReading)[];
  /** Against the rival with most requests a second in this cell; absent where there is none. */
  readonly rival?: {
    readonly name: string;
    /** Ours ÷ theirs. */
    readonly rps_ratio: number;
    readonly p99_ratio: number;
  };
  /** At 32 connections: the best shape of bare onnxruntime. */
  readonly bare?: {
    readonly shape: string;
    readonly sequences_per_second: number;
    /** Our requests a second ÷ its sequences a second. */
    readonly ratio: number;
  };
  /** At one connection: bare onnxruntime, tokenising included. */
  readonly bare_latency?: {
    readonly p50_ms: number;
    /** Our p50 − bare p50. */
    readonly added_ms: number;
  };
}

/**
 * Ratios are medians of those within a round, so that a round in which the machine was slow is one for both.
 * @param our name of our server; the others are rivals
 */
export function compareCell(cell: CellReadings, our: string): CellResult {
  const own = cell.servers[our] ?? [];
  const servers = Object.entries(cell.servers).map(([name, readings]) => ({
    name,
    ...medianReading(readings),
  }));
  const rival = servers
    .filter(({ name }) => name !== our)
    .reduce<(typeof servers)[number] | undefined>(
      (best, one) => (one.rps > (best?.rps ?? 0) ? one : best),
      undefined,
    );
  const bare = Object.entries(cell.bareRates ?? {})
    .map(([shape, rates]) => ({ shape, rates, rate: median(rates) }))
    .sort((a, b) => b.rate - a.rate)[0];
  const overRounds = (value: (own: LoadReading, round: number) => number): number => median(own.map(value));
  return {
    mix: cell.mix,
    connections: cell.connections,
    servers,
    ...(rival && {
      rival: {
        name: rival.name,
        rps_ratio: overRounds((reading, round) => reading.rps / theirs(cell, rival.name, round).rps),
        p99_ratio: overRounds((reading, round) => reading.p99_ms / theirs(cell, rival.name, round).p99_ms),
      },
    }),
    ...(bare && {
      bare: {
        shape: bare.shape,
        sequences_per_second: bare.rate,
        ratio: overRounds((reading, round) => reading.rps / (bare.rates[round] as number)),
      },
    }),
    ...(cell.bareP50Ms && {
      bare_latency: {
        p50_ms: median(cell.bareP50Ms),
        added_ms: overRounds((reading, round) => reading.p50_ms - (cell.bareP50Ms?.[round] as number)),
      },
    }),
  };
}

function theirs(cell: CellReadings, name: string, round: number): LoadReading {
  return cell.servers[name]?.[round] as LoadReading;
}
