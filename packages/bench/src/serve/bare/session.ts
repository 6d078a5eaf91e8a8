import { InferenceSession, Tensor } from 'onnxruntime-node';

/** One session and what it is fed. */
export interface BareSession {
  /** @returns token vectors, shape [rows, columns, width] */
  run(feeds: Feeds): Promise<TokenVectors>;
  feeds(batch: readonly (readonly number[])[]): Feeds;
}

export type Feeds = Readonly<Record<string, Tensor>>;

interface TokenVectors {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/**
 * @param spinning whether threads wait busily for the next operator: quick, where no other process wants the core
 */
export async function openBareSession(
  graph: string,
  threads: number,
  spinning: boolean,
): Promise<BareSession> {
  const session = await InferenceSession.create(graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
  });
  const output = session.outputNames[0] as string;
  return {
    async run(feeds) {
      const { data, dims } = (await session.run(feeds))[output] as Tensor;
      return { data: data as Float32Array, dims };
    },
    feeds(batch) {
      const columns = Math.max(...batch.map((ids) => ids.length));
      const shape = [batch.length, columns];
      const ids = new BigInt64Array(batch.length * columns);
      const mask = new BigInt64Array(ids.length);
      batch.forEach((row, index) => {
        row.forEach((id, column) => {
          ids[index * columns + column] = BigInt(id);
          mask[index * columns + column] = 1n;
        });
      });
      const values: Readonly<Record<string, BigInt64Array>> = {
        input_ids: ids,
        attention_mask: mask,
        token_type_ids: new BigInt64Array(ids.length),
      };
      return Object.fromEntries(
        session.inputNames.map((name) => {
          const data = values[name];
          if (data === undefined)
            throw new Error(`${graph} has an input ${name}, expected ${Object.keys(values).join(', ')}`);
          return [name, new Tensor('int64', data, shape)];
        }),
      );
    },
  };
}

/** Mean over a text's tokens, scaled to length 1; a batch of one. @returns shape [width] */
export function meanPooled({ data, dims }: TokenVectors): Float32Array {
  const width = dims[2] as number;
  const sums = new Float64Array(width);
  data.forEach((value, at) => {
    sums[at % width] = (sums[at % width] as number) + value;
  });
  const norm = Math.hypot(...sums);
  return Float32Array.from(sums, (sum) => sum / norm);
}
