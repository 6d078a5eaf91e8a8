import { median } from '../overhead/median.ts';
import { nameOfShape } from './bare/shapes.ts';
import type { Yardstick } from './bare/yardstick.ts';
import type { Bench } from './bench.ts';
import { type LoadReading, readingOf } from './load/reading.ts';
import type { Mix } from './mixes.ts';
import type { RunningServer } from './servers/start-server.ts';
import { verifySamples } from './verify.ts';

export interface CellEffort {
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly warmUpSeconds: number;
  /** Measured load of a contestant in a cell of a round, s. */
  readonly seconds: number;
  /** Texts of the bare latency of a round. */
  readonly bareTexts: number;
}

/** Where bare onnxruntime is measured too: its throughput, and its latency. */
const comparedAt = { throughput: 32, latency: 1 } as const;

/** Every contestant under one load, in one round after the other. */
export interface CellReadings {
  readonly mix: Mix['name'];
  readonly connections: number;
  /** Of each contestant, by round. */
  readonly servers: Readonly<Record<string, readonly LoadReading[]>>;
  /** Sequences a second of bare onnxruntime in each of its best shapes, by round; at 32 connections. */
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
 * @param servers paused, ours first; they are paused when it returns
 * @returns `failed`: rivals that did not answer, or wrongly; they are in no cell
 * @throws {Error} if ours answers wrongly, or not
 */
export async function measureCells(
  bench: Bench,
  mixes: readonly Mix[],
  servers: readonly RunningServer[],
  yardstick: Yardstick,
  effort: CellEffort,
): Promise<{ cells: CellReadings[]; totals: CellTotals; failed: string[] }> {
  const cells = mixes.flatMap((mix) => effort.connections.map((connections) => newCell(mix, connections)));
  const requests: Record<string, number> = {};
  const verified: Record<string, number> = {};
  const failed = new Map<string, string>();

  const runServer = async (cell: Cell, server: RunningServer, seed: number): Promise<void> => {
    const { contestant } = server;
    const setting = { ...effort, mix: cell.mix, seed, samples: samplesOfRun };
    server.resume();
    const outcome = await bench.generator.closed(server.target, cell.connections, setting);
    const sent = (requests[contestant.name] ?? 0) + outcome.sent;
    requests[contestant.name] = sent;
    if (servers.length > 1) await server.drained?.(sent);
    server.pause();
    push(cell.servers, contestant.name, readingOf(outcome, contestant.name));
    const count = await verifySamples(bench, yardstick, contestant, setting, outcome);
    verified[contestant.name] = (verified[contestant.name] ?? 0) + count;
  };
  const runRival = async (cell: Cell, server: RunningServer, seed: number): Promise<void> => {
    const { name } = server.contestant;
    if (failed.has(name)) return;
    try {
      await runServer(cell, server, seed);
    } catch (error) {
      // Long measurements of all others are not thrown away for one of them.
      server.pause();
      failed.set(name, (error as Error).message);
      for (const { servers } of cells) delete servers[name];
    }
  };
  const runBare = async (cell: Cell, seed: number): Promise<void> => {
    if (cell.connections === comparedAt.latency) {
      const { p50Ms } = await yardstick.p50(cell.mix, effort.bareTexts, seed);
      cell.bareP50Ms.push(p50Ms);
    }
    if (cell.connections === comparedAt.throughput) {
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
        ...servers.map((server, index) => () => (index === 0 ? runServer : runRival)(cell, server, seed)),
      ];
      for (const turn of round % 2 === 1 ? turns : turns.toReversed()) await turn();
    }
  }
  return {
    cells: cells.map(({ mix, bareRates, bareP50Ms, ...cell }) => ({
      ...cell,
      mix: mix.name,
      ...(cell.connections === comparedAt.throughput && { bareRates }),
      ...(cell.connections === comparedAt.latency && { bareP50Ms }),
    })),
    totals: { requests, verified },
    failed: [...failed].map(([name, why]) => `${name}: ${why}`),
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
