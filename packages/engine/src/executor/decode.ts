import { Tensor } from 'onnxruntime-node';
import { feedable } from './half-tensor.ts';
import { emptyPast, type Padding, type Past, type PastRow, pastInputsOf, stackRows } from './past.ts';
import type { RunSpan } from './protocol.ts';
import { type Floats, floatsOf, integerTensor, type Session } from './session.ts';

/** A model run that took generations a step further. */
export interface Step extends RunSpan {
  /** Where each generation's keys and values are now. */
  readonly rows: readonly PastRow[];
  /** Logits after the last token of each generation, shape [rows][vocabulary]. */
  readonly logits: readonly Floats[];
}

/** A graph that takes its own past, in the Optimum layout. */
export interface Decoder {
  /** Where a generation starts. */
  readonly empty: PastRow;
  /** Whether it hands on 16-bit floats, which round coarsely. */
  readonly isHalf: boolean;
  /** Whether its inputs let generations of different lengths stand side by side. */
  readonly takesRows: boolean;
  /** Whether a prompt may come in pieces. */
  readonly takesPieces: boolean;
  /**
   * Runs the model once.
   * @param rows generations, shape [n], n >= 1
   * @param tokens what comes next in each, shape [n, fresh], row major, fresh >= 1
   * @param padding of shorter pasts. @default zeros
   */
  step(rows: readonly PastRow[], tokens: Int32Array, padding?: Padding): Promise<Step>;
  /** A copy of one generation's keys and values, so that those beside it can be let go. */
  detach(row: PastRow): PastRow;
}

const knownInputs = ['input_ids', 'attention_mask', 'position_ids', 'use_cache_branch', 'num_logits_to_keep'];

/**
 * @throws {Error} if the model is no decoder that can be fed
 */
export function createDecoder(session: Session): Decoder {
  const pastInputs = pastInputsOf(session.inputs);
  const unknown = session.inputs.find(
    (input) => !knownInputs.includes(input.name) && !input.name.startsWith('past_key_values'),
  );
  if (unknown)
    throw new Error(
      `input "${unknown.name}" is unknown, expected ${knownInputs.join(', ')} and past_key_values.*`,
    );
  for (const name of ['logits', ...pastInputs.map((input) => input.present)]) {
    if (!session.outputs.some((output) => output.name === name))
      throw new Error(`output "${name}" is missing`);
  }
  const inputNamed = (name: string) => session.inputs.find((input) => input.name === name);
  const isOpen = [...pastInputs, ...session.inputs.filter(({ name }) => name === 'input_ids')].every(
    ({ shape }) => typeof shape[0] !== 'number',
  );

  return {
    empty: { past: emptyPast(pastInputs), row: 0, length: 0 },
    isHalf: [...pastInputs, ...session.outputs].some(({ type }) => type === 'float16'),
    takesRows: isOpen && inputNamed('attention_mask') !== undefined,
    // The branch with a past was traced with one token in older exports.
    takesPieces: inputNamed('use_cache_branch') === undefined,
    async step(rows, tokens, padding) {
      const past = stackRows(pastInputs, rows, padding);
      const fresh = tokens.length / rows.length;
      const columns = past.columns + fresh;
      const feeds: Record<string, Tensor> = { ...past.tensors };
      const feed = (name: string, values: () => Int32Array, shape: readonly number[]): void => {
        const input = inputNamed(name);
        if (input) feeds[name] = integerTensor(input.type, values(), shape);
      };
      feed('input_ids', () => tokens, [rows.length, fresh]);
      feed('attention_mask', () => maskOf(rows, columns, fresh), [rows.length, columns]);
      feed('position_ids', () => positionsOf(rows, fresh), [rows.length, fresh]);
      feed('use_cache_branch', () => Int32Array.of(past.columns > 0 ? 1 : 0), [1]);
      feed(
        'num_logits_to_keep',
        () => Int32Array.of(1),
        inputNamed('num_logits_to_keep')?.shape.length ? [1] : [],
      );
      const { results, ...run } = await session.run(feeds);
      const tensors = pastInputs.map(
        ({ name, present }) => [name, feedable(results[present] as Tensor)] as const,
      );
      const grown: Past = { rows: rows.length, columns, tensors: Object.fromEntries(tensors) };
      return {
        rows: rows.map(({ length }, row) => ({ past: grown, row, length: length + fresh })),
        logits: lastLogits(results.logits as Tensor, rows.length),
        ...run,
      };
    },
    detach: (row) => ({ past: stackRows(pastInputs, [row]), row: 0, length: row.length }),
  };
}

/** 1 for tokens, 0 for the padding in front of them; shape [rows, columns]. */
function maskOf(rows: readonly PastRow[], columns: number, fresh: number): Int32Array {
  const mask = new Int32Array(rows.length * columns);
  rows.forEach(({ length }, row) => {
    mask.fill(1, (row + 1) * columns - length - fresh, (row + 1) * columns);
  });
  return mask;
}

/** Positions count each row's own tokens; shape [rows, fresh]. */
function positionsOf(rows: readonly PastRow[], fresh: number): Int32Array {
  return Int32Array.from(
    { length: rows.length * fresh },
    (_, i) => (rows[Math.floor(i / fresh)] as PastRow).length + (i % fresh),
  );
}

/** The logits of each row's last position, shape [rows][vocabulary]. */
function lastLogits(logits: Tensor, rows: number): Floats[] {
  const data = logits.data as Float32Array;
  const vocabulary = logits.dims[logits.dims.length - 1] as number;
  const perRow = data.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const end = (row + 1) * perRow;
    // Only these are converted where they are 16-bit: a prompt has logits at every position.
    return floatsOf(new Tensor(logits.type as 'float32', data.subarray(end - vocabulary, end), [vocabulary]));
  });
}
