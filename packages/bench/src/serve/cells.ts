import { median } from '../overhead/median.ts';
import { nameOfShape } from './bare/shapes.ts';
import type { Yardstick } from './bare/yardstick.ts';
import type { Bench } from './bench.ts';
import { type LoadReading, readingOf } from './load/reading.ts';
import type { Mix } from './mixes.ts';
import type { RunningServer } from './servers/start-server.ts';
import { verifySamples } from './verify.ts';

export interface CellEffort {
  readonly rounds: number;
  readonly warmUpSeconds: number;
  /** Measured load of a contestant in a cell of a round, s. */
  readonly seconds: number;
  /** Texts of the bare latency of a round. */
  readonly bareTexts: number;
}

export const connectionCounts: readonly number[] = [1, 8, 32];

/** Every contestant under one load, in one round after the other. */
export interface CellReadings {
  readonly mix: Mix['name'];
  readonly connections: number;
  /** Of each contestant, by round. */
  readonly servers: Readonly<Record<string, readonly LoadReading[]>>;
  /** Sequences a second of bare onnxruntime in each of its best shapes, by round; at the most connections. */
  readonly bareRates?: Readonly<Record<string, readonly number[]>>;
  /** ms of one text in bare onnxruntime, by round; at one connection. */
  readonly bareP50Ms?: readonly number[];
}

/** What is counted over all cells. */
export interface CellTotals {
  readonly requests: Readonly<Record<string, number>>;
  readonly verified: Readonly<Record<string, number>>;
}

const samplesOfRun = 8;

/**
 * Closed loops at each number of connections. The contestants take turns within a cell, ABC CBA …, with bare onnxruntime
 * among them, and all others stand still meanwhile: what the machine does meets all alike.
 * @param servers paused; they are paused when it returns
 * @throws {Error} if one answers wrongly, or not
 */
export async function measureCells(
  bench: Bench,
  mixes: readonly Mix[],
  servers: readonly RunningServer[],
  yardstick: Yardstick,
  effort: CellEffort,
): Promise<{ cells: CellReadings[]; totals: CellTotals }> {
  const cells = mixes.flatMap((mix) => connectionCounts.map((connections) => newCell(mix, connections)));
  const requests: Record<string, number> = {};
  const verified: Record<string, number> = {};
  const most = Math.max(...connectionCounts);

  const runServer = async (cell: Cell, server: RunningServer, seed: number): Promise<void> => {
    const { contestant } = server;
    const setting = { ...effort, mix: cell.mix, seed, samples: samplesOfRun };
    server.resume();
    const outcome = await bench.generator.closed(server.target, cell.connections, setting);
    server.pause();
    push(cell.servers, contestant.name, readingOf(outcome, contestant.name));
    requests[contestant.name] = (requests[contestant.name] ?? 0) + outcome.sent;
    const count = await verifySamples(bench, yardstick, contestant, setting, outcome);
    verified[contestant.name] = (verified[contestant.name] ?? 0) + count;
  };
  const runBare = async (cell: Cell, seed: number): Promise<void> => {
    if (cell.connections === 1) {
      const { p50Ms } = await yardstick.p50(cell.mix, effort.bareTexts, seed);
      cell.bareP50Ms.push(p50Ms);
    }
    if (cell.connections === most) {
      for (const { shape, rate } of await yardstick.throughput(cell.mix, effort.seconds))
        push(cell.bareRates, nameOfShape(shape), rate);
    }
  };

  for (let round = 1; round <= effort.rounds; round++) {
    for (const cell of cells) {
      bench.say(`${cell.mix.name} at ${cell.connections}, round ${round} of ${effort.rounds}`);
      // Every contestant gets the same texts, and no text comes twice.
      const seed = 1000 * round + cell.connections;
      const turns = [
        () => runBare(cell, seed),
        ...servers.map((server) => () => runServer(cell, server, seed)),
      ];
      for (const turn of round % 2 === 1 ? turns : turns.toReversed()) await turn();
    }
  }
  return {
    cells: cells.map(({ mix, bareRates, bareP50Ms, ...cell }) => ({
      ...cell,
      mix: mix.name,
      ...(cell.connections === most && { bareRates }),
      ...(cell.connections === 1 && { bareP50Ms }),
    })),
    totals: { requests, verified },
  };
}

interface Cell {
  readonly mix: Mix;
  readonly connections: number;
  readonly servers: Record<string, LoadReading[]>;
  readonly bareRates: Record<string, number[]>;
  readonly bareP50Ms: number[];
}

function newCell(mix: Mix, connections: number): Cell {
  return { mix, connections, servers: {}, bareRates: {}, bareP50Ms: [] };
}

function push<Value>(lists: Record<string, Value[]>, name: string, value: Value): void {
  const list = lists[name] ?? [];
  lists[name] = list;
  list.push(value);
}

/** Medians of the rounds, each figure for itself. */
export function medianReading(readings: readonly LoadReading[]): LoadReading {
  const of = (value: (reading: LoadReading) => number): number => median(readings.map(value));
  return {
    rps: of((reading) => reading.rps),
    p50_ms: of((reading) => reading.p50_ms),
    p99_ms: of((reading) => reading.p99_ms),
    generator_us: of((reading) => reading.generator_us),
  };
}
