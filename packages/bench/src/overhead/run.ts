import { availableParallelism, cpus } from 'node:os';
import { compareModel, type ModelEffort } from './compare-model.ts';
import { compareRows } from './compare-rows.ts';
import { measurePhaseCalls, type PhaseCallEffort } from './measure-phase-calls.ts';
import type { Effort } from './measure-row.ts';
import { ratiosOf } from './ratios.ts';
import type { OverheadReport } from './report.ts';
import { findRivals, howToGetRivals } from './rivals.ts';
import { type RowSetting, rows } from './rows.ts';
import { startSink } from './start-sink.ts';

export interface OverheadEffort {
  readonly rows: Effort;
  readonly phaseCalls: PhaseCallEffort;
  readonly model: ModelEffort;
}

/** Efforts: `full` for figures that are published, about ten minutes; `short` for CI. */
export const overheadEfforts: Readonly<Record<'full' | 'short', OverheadEffort>> = {
  full: {
    rows: { rounds: 5, seconds: 5, warmUpRequests: 20_000, allocationRequests: 5000, connections: 16 },
    phaseCalls: { calls: 5_000_000, rounds: 9 },
    model: { pairs: 8, seconds: 4, connections: 8 },
  },
  short: {
    rows: { rounds: 2, seconds: 2, warmUpRequests: 15_000, allocationRequests: 2000, connections: 16 },
    phaseCalls: { calls: 1_000_000, rounds: 5 },
    model: { pairs: 4, seconds: 1.5, connections: 8 },
  },
};

/** Everything that can be named in `--rows`. */
export const overheadNames: readonly string[] = [...rows.map(({ name }) => name), 'phase-call', 'model'];

export interface OverheadOptions {
  readonly effort: OverheadEffort;
  /** Of `overheadNames`. @default all */
  readonly names?: readonly string[];
  /** Of all rows. @default http/protobuf */
  readonly protocol?: RowSetting['protocol'];
  /** Told what is being measured. @default nobody */
  readonly say?: (step: string) => void;
}

/** @throws {RangeError} for a name that is none of `overheadNames` */
export async function runOverhead(options: OverheadOptions): Promise<OverheadReport> {
  const { effort, names = overheadNames, protocol = 'http/protobuf', say = () => {} } = options;
  const unknown = names.find((name) => !overheadNames.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`rows must be of ${overheadNames.join(', ')}, got ${unknown}`);
  }
  const rivals = findRivals();
  const wanted = rows.filter((row) => names.includes(row.name));
  const measurable = wanted.filter((row) => row.from === 'workspace' || rivals !== undefined);
  const missing = wanted.filter((row) => !measurable.includes(row));

  await using sink = await startSink();
  const results = await compareRows({ rows: measurable, effort: effort.rows, sink, protocol, rivals, say });
  if (names.includes('phase-call')) say('one phase call');
  const calls = names.includes('phase-call') ? await measurePhaseCalls(effort.phaseCalls) : undefined;
  if (names.includes('model')) say('the service with a model');
  const model = names.includes('model') ? await compareModel(sink, protocol, effort.model) : undefined;
  return {
    rows: results,
    ratios: ratiosOf(results),
    ...(calls && { phase_call_ns: calls.disabled.ns, phase_calls: calls }),
    ...(model && { model }),
    machine: {
      node: process.version,
      cores: availableParallelism(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
    },
    effort: effort.rows,
    protocol,
    missing: missing.map((row) => `${row.name}; ${howToGetRivals}`),
  };
}
