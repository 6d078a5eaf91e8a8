import { invalid } from '../model/files.ts';
import { outputsFor } from '../tensor/check.ts';
import { areRowsApart, createDraw, sampleInputs } from '../tensor/row-probe.ts';
import { hasCommonRows, joinRows } from '../tensor/rows.ts';
import { isRunFailure } from '../tensor/run-failure.ts';
import type { Tensors } from '../tensor/types.ts';
import type { ExecutorPool, Lease } from './pool.ts';
import type { TensorInfo } from './protocol.ts';

/** Sizes that are tried for dimensions that vary: convolutions need some room, and some only the one they were made for. */
const sizes = [8, 64, 224] as const;
/** Elements of a sample; larger ones are not tried. */
const mostElements = 4_000_000;
/** A dimension of this name holds the batch. */
const batchName = /batch|^(n|b|bs)$/i;
/** int8 models scale by all that is in a run, and differ by a few hundredths. */
const tolerances = { batch: 0.05, other: 0.001 } as const;

/** @throws {InferometerError} INVALID_MODEL if an input or all outputs are of a kind that no request can have */
export function checkTensorModel(
  graph: string,
  inputs: readonly TensorInfo[],
  outputs: readonly TensorInfo[],
): void {
  const odd = inputs.find((input) => input.type === 'other' || input.type.endsWith('int4'));
  if (odd) throw invalid(`${graph} takes ${odd.name}, which is no tensor that a request can have`);
  if (outputsFor(outputs).length === 0) throw invalid(`${graph} gives no tensors`);
}

/** Whether the graph itself says that its rows are a batch. */
export function hasBatchRows(inputs: readonly TensorInfo[], outputs: readonly TensorInfo[]): boolean {
  return hasCommonRows(inputs, outputs) && batchName.test(String(inputs[0]?.shape[0]));
}

/**
 * Runs made-up inputs in every executor, for the first run of a graph is slow, and learns of them whether rows of
 * several requests may share a run: a first dimension of the same name in all inputs and outputs may be the batch or
 * not, so rows that run together are compared with those that run by themselves. Models that cannot run made-up inputs
 * are believed by the dimension's name.
 */
export async function warmUpTensors(pool: ExecutorPool): Promise<{ readonly joins: boolean }> {
  const { inputs, outputs } = pool.model;
  const common = hasCommonRows(inputs, outputs);
  const named = hasBatchRows(inputs, outputs);
  const leases = Array.from({ length: pool.size }, () => pool.acquire()).filter(
    (lease) => lease !== undefined,
  );
  const wanted = outputsFor(outputs);
  try {
    const verdicts = await Promise.all(
      leases.map((lease) => probe(lease, inputs, wanted, { common, named })),
    );
    const verdict = verdicts.find((each) => each !== undefined);
    return { joins: common && (verdict ?? named) };
  } finally {
    for (const lease of leases) lease.done();
  }
}

/** @returns whether rows are apart; undefined if no sample could be run */
async function probe(
  lease: Lease,
  inputs: readonly TensorInfo[],
  outputs: readonly string[],
  { common, named }: { readonly common: boolean; readonly named: boolean },
): Promise<boolean | undefined> {
  const draw = createDraw(1);
  const rows = [1, 2];
  for (const size of sizes) {
    const samples = rows.map((count) => sampleInputs(inputs, count, size, draw));
    const elements = Object.values(samples[1] ?? {}).reduce((sum, { data }) => sum + data.length, 0);
    if (elements > mostElements) return undefined;
    const alone = await runAll(lease, samples, outputs);
    // Where rows cannot be joined anyway, this was the warm-up.
    if (alone && !common) return undefined;
    const whole = alone && (await runAll(lease, [joinRows(samples)], outputs));
    const together = whole?.[0];
    if (alone && together)
      return areRowsApart(together, alone, rows, named ? tolerances.batch : tolerances.other);
  }
  return undefined;
}

/** @returns undefined if one of them cannot be run */
async function runAll(
  lease: Lease,
  samples: readonly Tensors[],
  outputs: readonly string[],
): Promise<Tensors[] | undefined> {
  const results: Tensors[] = [];
  for (const sample of samples) {
    const result = await new Promise<Tensors | undefined>((resolve) => {
      lease.send(
        { type: 'infer', items: [sample], outputs },
        {
          onReply: (reply) => {
            const [one] = reply.type === 'inferred' ? reply.results : [];
            resolve(one === undefined || isRunFailure(one) ? undefined : one);
          },
          onCrash: () => resolve(undefined),
        },
      );
    });
    if (result === undefined) return undefined;
    results.push(result);
  }
  return results;
}
