import { type Effort, folderOf, measureRow, type RowReading } from './measure-row.ts';
import { median } from './median.ts';
import type { Row, RowSetting } from './rows.ts';
import type { Sink } from './start-sink.ts';

/** One row of the report; names as `--json` prints them. Medians of the rounds. */
export interface RowResult {
  readonly name: string;
  readonly main_cpu_us: number;
  readonly process_cpu_us: number;
  readonly rps: number;
  readonly p99_ms: number;
  /** Allocated on the main thread's V8 heap. */
  readonly bytes_per_request: number;
  /** Medians of the differences to, and the ratio over, the bare row of the same round; absent without that row. */
  readonly over_bare?: {
    readonly main_cpu_us: number;
    readonly process_cpu_us: number;
    readonly rps_ratio: number;
  };
  readonly spans_per_request?: number;
  readonly roots_per_request?: number;
  readonly histogram_updates_per_request?: number;
}

export interface CompareOptions {
  readonly rows: readonly Row[];
  readonly effort: Effort;
  readonly sink: Sink;
  readonly protocol: RowSetting['protocol'];
  readonly rivals: string | undefined;
  readonly say: (step: string) => void;
}

/**
 * Measures the rows in turns, ABC CBA ABC …: what the machine does meanwhile then meets all of them, and none is always
 * the one after the most expensive.
 */
export async function compareRows(options: CompareOptions): Promise<RowResult[]> {
  const { rows, effort } = options;
  const readings = new Map<Row, RowReading[]>(rows.map((row) => [row, []]));
  // The load generator is slow until its own code is optimised: the first row would pay for that.
  if (rows[0]) await measure(rows[0], 'warm-up of the load generator', options);
  for (let round = 1; round <= effort.rounds; round++) {
    for (const row of round % 2 === 1 ? rows : rows.toReversed()) {
      readings.get(row)?.push(await measure(row, `round ${round} of ${effort.rounds}`, options));
    }
  }
  const bare = [...readings].find(([row]) => row.name === 'bare')?.[1];
  return [...readings].map(([row, own]) => summarise(row.name, own, bare));
}

function measure(row: Row, turn: string, options: CompareOptions): Promise<RowReading> {
  const { effort, sink, protocol } = options;
  options.say(`${row.name}, ${turn}`);
  const folder = folderOf(row, options.rivals);
  if (folder === undefined) throw new Error(`the packages of the row ${row.name} are not installed`);
  const sender = `${row.name}-${turn}`.replaceAll(' ', '-');
  return measureRow(row, effort, { sink, protocol, folder, sender });
}

/** @param bare the bare row in the same rounds */
export function summarise(
  name: string,
  own: readonly RowReading[],
  bare: readonly RowReading[] | undefined,
): RowResult {
  const of = (value: (reading: RowReading, round: number) => number): number => median(own.map(value));
  const to = (round: number): RowReading => bare?.[round] as RowReading;
  const spans = own.flatMap((reading) => reading.spansPerRequest ?? []);
  const roots = own.flatMap((reading) => reading.rootsPerRequest ?? []);
  const updates = own.flatMap((reading) => reading.histogramUpdatesPerRequest ?? []);
  return {
    name,
    main_cpu_us: of((reading) => reading.mainCpuUs),
    process_cpu_us: of((reading) => reading.processCpuUs),
    rps: of((reading) => reading.requestsPerSecond),
    p99_ms: of((reading) => reading.p99Ms),
    bytes_per_request: of((reading) => reading.bytesPerRequest),
    ...(bare && {
      over_bare: {
        main_cpu_us: of((reading, round) => reading.mainCpuUs - to(round).mainCpuUs),
        process_cpu_us: of((reading, round) => reading.processCpuUs - to(round).processCpuUs),
        rps_ratio: of((reading, round) => reading.requestsPerSecond / to(round).requestsPerSecond),
      },
    }),
    // The least of the rounds: one in which spans were dropped must not hide behind the others.
    ...(spans.length > 0 && { spans_per_request: Math.min(...spans) }),
    ...(roots.length > 0 && { roots_per_request: Math.min(...roots) }),
    ...(updates.length > 0 && { histogram_updates_per_request: Math.min(...updates) }),
  };
}
