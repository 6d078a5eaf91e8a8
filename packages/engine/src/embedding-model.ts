import type { Telemetry } from '@inferometer/core';
import type { BatchFormat } from './batching/batch-run.ts';
import { type BatchRuntime, createBatchRuntime } from './batching/runtime.ts';
import type { CallOptions } from './call.ts';
import type { FixedShape } from './executor/graph-inputs.ts';
import type { ExecutorPool } from './executor/pool.ts';
import { normalizeRows } from './executor/pooling.ts';
import type { Encoded } from './model/tokenizer.ts';
import type { ModelOptions } from './options.ts';

/** The running part of a model that embeds: its queue, batches and executors. */
export interface EmbeddingRuntime {
  readonly batches: Pick<
    BatchRuntime<Int32Array, Float32Array>,
    'depth' | 'costs' | 'refusal' | 'pump' | 'drain'
  >;
  /**
   * Embeds texts; those of one call may travel in several batches, beside those of other calls.
   * @param texts shape [n], n >= 1
   * @returns shape [n][dimensions], in the order of the texts
   * @throws {InferometerError} as `BatchRuntime.run` does
   */
  embed(texts: readonly Encoded[], call?: EmbedCall): Promise<Float32Array[]>;
}

export interface EmbedCall extends CallOptions {
  /** Whether vectors are scaled to length 1. @default as the model's directory says */
  readonly normalize?: boolean | undefined;
}

export interface EmbeddingRuntimeOptions {
  readonly name: string;
  readonly padTokenId: number;
  /** Whether vectors are scaled to length 1 unless a call says otherwise. */
  readonly normalize: boolean;
  readonly limits: Required<ModelOptions>;
  readonly telemetry: Telemetry;
  readonly pool: ExecutorPool;
  /** Sizes that the graph fixes; every batch is padded to them. */
  readonly fixed: FixedShape;
}

export function createEmbeddingRuntime(options: EmbeddingRuntimeOptions): EmbeddingRuntime {
  const batches = createBatchRuntime({ ...options, format: embeddingFormat(options) });
  return {
    batches,
    async embed(texts, { normalize = options.normalize, ...call } = {}) {
      const vectors = await batches.run(
        texts.map(({ ids }) => ({ payload: ids, tokens: ids.length })),
        call,
      );
      if (normalize) for (const vector of vectors) normalizeRows(vector, vector.length);
      return vectors;
    },
  };
}

/** Token ids padded to the longest of a batch; vectors, one a row. */
function embeddingFormat({
  padTokenId,
  fixed,
}: Pick<EmbeddingRuntimeOptions, 'padTokenId' | 'fixed'>): BatchFormat<Int32Array, Float32Array> {
  return {
    assemble(texts) {
      const rows = fixed.rows ?? texts.length;
      const width = fixed.columns ?? texts.reduce((longest, ids) => Math.max(longest, ids.length), 1);
      const ids = new Int32Array(rows * width).fill(padTokenId);
      // Rows that only fill a fixed batch have one token: a row of none has no mean.
      const lengths = new Int32Array(rows).fill(1);
      texts.forEach((text, row) => {
        ids.set(text, row * width);
        lengths[row] = text.length;
      });
      return { work: { type: 'embed', rows, columns: width, ids, lengths }, rows, width };
    },
    takeApart(reply, texts) {
      if (reply.type !== 'embedded') throw new Error(`the executor gave ${reply.type}, expected vectors`);
      const { vectors, dimensions } = reply;
      const results = texts.map((_, row) => vectors.subarray(row * dimensions, (row + 1) * dimensions));
      return { results, times: reply };
    },
  };
}
