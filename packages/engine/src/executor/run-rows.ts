import { messageOf, monoNow } from '@inferometer/core/base';
import type { Tensor } from 'onnxruntime-node';
import { joinRows, rowsOf, splitRows } from '../tensor/rows.ts';
import type { Tensors } from '../tensor/types.ts';
import { feedsOf, fromOnnx } from './onnx-tensors.ts';
import type { RunFailure, RunSpan } from './protocol.ts';
import type { Session } from './session.ts';

/** What became of requests that ran together. */
export interface RowsRun extends RunSpan {
  /** Shape [requests]. */
  readonly results: readonly (Tensors | RunFailure)[];
}

/**
 * Runs requests of one group as one batch. Where that fails, or the outputs cannot be shared out, each runs by itself:
 * a request that the model cannot run takes nobody with it.
 * @param items shape [n], n >= 1
 */
export async function runRows(
  session: Session,
  items: readonly Tensors[],
  outputs: readonly string[],
): Promise<RowsRun> {
  let cpuMs = 0;
  let { device } = session;
  const run = async (tensors: Tensors): Promise<Tensors> => {
    const { results: given, ...span } = await session.run(feedsOf(tensors), outputs);
    cpuMs += span.cpuMs;
    device = span.device;
    // In the order in which they were asked for.
    return Object.fromEntries(outputs.map((name) => [name, fromOnnx(given[name] as Tensor)]));
  };
  const runStart = monoNow();
  const results: (Tensors | RunFailure)[] = [];
  if (items.length > 1) {
    try {
      const outputsOfAll = await run(joinRows(items));
      const runEnd = monoNow();
      const split = splitRows(
        outputsOfAll,
        items.map((item) => rowsOf(item) ?? 0),
      );
      if (split) return { results: split, runStart, runEnd, cpuMs, device };
    } catch {
      // Whose fault it was shows when each runs by itself.
    }
  }
  for (const item of items) {
    try {
      results.push(await run(item));
    } catch (error) {
      results.push(runFailure(error));
    }
  }
  return { results, runStart, runEnd: monoNow(), cpuMs, device };
}

/** What onnxruntime says of inputs that the model cannot take, beside all else that can go wrong in a run. */
const inputAtFault =
  /invalid dimensions for input|invalid rank for input|unexpected input data type|out of (data )?bounds|broadcast|cannot be reshaped|can't be reshaped|dimension|shape|INVALID_ARGUMENT|must be within the inclusive range/i;

function runFailure(error: unknown): RunFailure {
  const message = messageOf(error)
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
  return { runFailed: true, message, invalidInput: inputAtFault.test(message) };
}
