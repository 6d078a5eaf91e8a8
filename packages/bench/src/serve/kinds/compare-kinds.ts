import { type ExecutorKind, executorKinds } from '@inferometer/engine';
import { median } from '../../overhead/median.ts';
import type { Sink } from '../../overhead/start-sink.ts';
import type { Bench } from '../bench.ts';
import { type CellEffort, medianReading } from '../cells.ts';
import { type LoadReading, readingOf } from '../load/reading.ts';
import type { Mix } from '../mixes.ts';
import { type ObservedServer, startObserved } from '../servers/observed.ts';
import { measureTransfers, type TransferEffort, type TransferRow } from './measure-transfers.ts';

export interface KindEffort {
  readonly cells: Pick<CellEffort, 'connections' | 'rounds' | 'warmUpSeconds' | 'seconds'>;
  readonly transfers: TransferEffort;
}

/** Executors as processes beside executors as worker threads; names as `--json` prints them. */
export interface KindsResult {
  readonly cells: readonly {
    readonly mix: string;
    readonly connections: number;
    readonly process: LoadReading;
    readonly worker: LoadReading;
    /** Worker threads ÷ processes; medians of the ratios within a round. */
    readonly rps_ratio: number;
    readonly p50_ratio: number;
  }[];
  readonly transfers: readonly TransferRow[];
}

type Readings = Record<ExecutorKind, LoadReading[]>;

/** Our server with either kind of executors in turns, ABBA …, the other one standing still. */
export async function compareKinds(
  bench: Bench,
  sink: Sink,
  mixes: readonly Mix[],
  effort: KindEffort,
): Promise<KindsResult> {
  return {
    cells: await measureCells(bench, sink, mixes, effort.cells),
    transfers: await measureTransfers(bench, effort.transfers),
  };
}

async function measureCells(
  bench: Bench,
  sink: Sink,
  mixes: readonly Mix[],
  { connections, rounds, ...load }: KindEffort['cells'],
): Promise<KindsResult['cells']> {
  await using running = new AsyncDisposableStack();
  const servers: { kind: ExecutorKind; server: ObservedServer }[] = [];
  for (const kind of executorKinds) {
    const model = `minilm=${bench.directory}`;
    const server = running.use(await startObserved(sink, model, ['--executor-kind', kind]));
    server.pause();
    servers.push({ kind, server });
  }
  const cells = mixes.flatMap((mix) =>
    connections.map((count) => ({
      mix,
      connections: count,
      readings: { process: [], worker: [] } as Readings,
    })),
  );
  for (let round = 1; round <= rounds; round++) {
    for (const cell of cells) {
      bench.say(`kinds of executors, ${cell.mix.name} at ${cell.connections}, round ${round} of ${rounds}`);
      for (const { kind, server } of round % 2 === 1 ? servers : servers.toReversed()) {
        const setting = {
          ...load,
          mix: cell.mix,
          seed: 3_000_000 + 1000 * round + cell.connections,
          samples: 0,
        };
        server.resume();
        const outcome = await bench.generator.closed(server.target, cell.connections, setting);
        server.pause();
        cell.readings[kind].push(readingOf(outcome, kind));
      }
    }
  }
  return cells.map(({ mix, connections, readings }) => ({
    mix: mix.name,
    connections,
    process: medianReading(readings.process),
    worker: medianReading(readings.worker),
    rps_ratio: ratioOf(readings, ({ rps }) => rps),
    p50_ratio: ratioOf(readings, ({ p50_ms }) => p50_ms),
  }));
}

function ratioOf(readings: Readings, value: (reading: LoadReading) => number): number {
  return median(
    readings.worker.map((reading, round) => value(reading) / value(readings.process[round] as LoadReading)),
  );
}
