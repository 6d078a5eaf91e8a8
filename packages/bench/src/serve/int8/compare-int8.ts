import { join } from 'node:path';
import { median } from '../../overhead/median.ts';
import type { Shape } from '../bare/shapes.ts';
import { type Bare, startBare } from '../bare/start-bare.ts';
import { bareTexts } from '../bare/survey.ts';
import type { Bench } from '../bench.ts';
import { createTexts, type Mix } from '../mixes.ts';
import { mean } from '../statistics.ts';
import { quantised } from './quantise.ts';

export interface Int8Effort {
  readonly batchSizes: readonly number[];
  readonly rounds: number;
  /** Least time of a shape in a round, s. */
  readonly seconds: number;
  /** Of a pass. */
  readonly texts: number;
  /** Whose vectors are compared. */
  readonly compared: number;
}

/** int8 beside fp32 in bare onnxruntime; names as `--json` prints them. */
export interface Int8Result {
  readonly executors: number;
  readonly rows: readonly {
    readonly mix: string;
    readonly batch_size: number;
    readonly fp32_per_second: number;
    readonly int8_per_second: number;
    /** Median of the rounds. */
    readonly speed_up: number;
  }[];
  /** Resident memory of one executor after the runs. */
  readonly fp32_rss_bytes: number;
  readonly int8_rss_bytes: number;
  /** Cosine of a text's two vectors. */
  readonly cosine: { readonly texts: number; readonly mean: number; readonly min: number };
}

const cosineSeed = 7;

/**
 * Runs both graphs in turns, an executor of one thread a core, texts grouped by length.
 * @returns undefined where the graph cannot be quantised
 */
export async function compareInt8(
  bench: Bench,
  mixes: readonly Mix[],
  effort: Int8Effort,
): Promise<Int8Result | undefined> {
  const graph = await quantised(join(bench.directory, 'model.onnx'));
  if (graph === undefined) return undefined;
  const layout = { executors: bench.cores, threads: 1 };
  await using fp32 = await startBare(bench.directory, layout);
  await using int8 = await startBare(bench.directory, layout, graph);
  const rows: Int8Result['rows'][number][] = [];
  for (const mix of mixes) {
    const texts = bareTexts(bench, mix, effort.texts);
    for (const batchSize of effort.batchSizes) {
      bench.say(`int8 and fp32, ${mix.name}, batch ${batchSize}`);
      const shape: Shape = { ...layout, batchSize, grouping: 'by length' };
      const pairs: { fp32: number; int8: number }[] = [];
      for (let round = 0; round < effort.rounds; round++) {
        pairs.push({
          fp32: await fp32.throughput(shape, texts, effort.seconds),
          int8: await int8.throughput(shape, texts, effort.seconds),
        });
      }
      rows.push({
        mix: mix.name,
        batch_size: batchSize,
        fp32_per_second: median(pairs.map((pair) => pair.fp32)),
        int8_per_second: median(pairs.map((pair) => pair.int8)),
        speed_up: median(pairs.map((pair) => pair.int8 / pair.fp32)),
      });
    }
  }
  bench.say('the vectors of int8');
  return {
    executors: layout.executors,
    rows,
    fp32_rss_bytes: await fp32.rss(),
    int8_rss_bytes: await int8.rss(),
    cosine: await cosines(bench, mixes, fp32, int8, effort.compared),
  };
}

async function cosines(
  bench: Bench,
  mixes: readonly Mix[],
  fp32: Bare,
  int8: Bare,
  count: number,
): Promise<Int8Result['cosine']> {
  const each = Math.ceil(count / mixes.length);
  const texts = mixes.flatMap((mix) => {
    const next = createTexts(bench.words, mix, cosineSeed);
    return Array.from({ length: each }, next);
  });
  const expected = await fp32.embed(texts);
  const given = await int8.embed(texts);
  const values = expected.map((vector, index) => dot(vector, given[index] as Float32Array));
  return { texts: texts.length, mean: mean(values), min: Math.min(...values) };
}

/** Of vectors of length 1: their cosine. */
function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
}
