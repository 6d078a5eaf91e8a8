import type { Bench } from '../bench.ts';
import { createTexts, type Mix } from '../mixes.ts';
import { layoutsOf, nameOfShape, type Shape, shapesOf } from './shapes.ts';
import { startBare } from './start-bare.ts';

export interface SurveyEffort {
  readonly batchSizes: readonly number[];
  /** Whether layouts that leave cores idle are measured too. */
  readonly allLayouts: boolean;
  /** Least time of a shape, s. */
  readonly seconds: number;
  /** Texts of a pass, integer >= the largest batch times the cores. */
  readonly texts: number;
}

/** What bare onnxruntime does with one mix in one shape; names as `--json` prints them. */
export interface SurveyRow {
  readonly mix: Mix['name'];
  readonly shape: Shape;
  readonly sequences_per_second: number;
}

/** Runs every shape on every mix. @returns the fastest first */
export async function surveyBare(
  bench: Bench,
  mixes: readonly Mix[],
  effort: SurveyEffort,
): Promise<SurveyRow[]> {
  const rows: SurveyRow[] = [];
  const layouts = layoutsOf(bench.cores).filter(
    ({ executors, threads }) => effort.allLayouts || 2 * executors * threads > bench.cores,
  );
  for (const layout of layouts) {
    await using bare = await startBare(bench.directory, layout);
    for (const mix of mixes) {
      const texts = bareTexts(bench, mix, effort.texts);
      for (const shape of shapesOf(layout, effort.batchSizes)) {
        bench.say(`bare, ${mix.name}, ${nameOfShape(shape)}`);
        const rate = await bare.throughput(shape, texts, effort.seconds);
        rows.push({ mix: mix.name, shape, sequences_per_second: rate });
      }
    }
  }
  return rows.sort((a, b) => b.sequences_per_second - a.sequences_per_second);
}

const bareSeed = 1;

/** Token ids of texts of a mix, shape [count][tokens]. */
export function bareTexts(bench: Bench, mix: Mix, count: number): number[][] {
  const next = createTexts(bench.words, mix, bareSeed);
  return Array.from({ length: count }, () => bench.tokenizer.encode(next()));
}
