import { median } from '../../overhead/median.ts';
import type { Bench } from '../bench.ts';
import { createTexts, type Mix } from '../mixes.ts';
import { type Layout, layoutsOf, type Shape } from './shapes.ts';
import { type Bare, startBare } from './start-bare.ts';
import { bareTexts, type SurveyRow } from './survey.ts';

/** Bare onnxruntime in its best shapes, to be measured again beside the servers. */
export interface Yardstick extends AsyncDisposable {
  /** @returns sequences a second of each of the mix's best shapes of the survey */
  throughput(mix: Mix, seconds: number): Promise<{ shape: Shape; rate: number }[]>;
  /** @returns ms of one text, tokenising included, by the threads that are quickest at it */
  p50(mix: Mix, texts: number, seed: number): Promise<{ threads: number; p50Ms: number }>;
  /** Vectors of texts, each run on its own. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
}

/**
 * @param survey rows of the survey, the fastest first
 * @param finalists shapes of each mix that are measured again: one run alone flatters whoever was lucky in it
 */
export async function createYardstick(
  bench: Bench,
  survey: readonly SurveyRow[],
  finalists: number,
  textCount: number,
): Promise<Yardstick> {
  const running = new Map<string, Bare>();
  const bareOf = async (layout: Layout): Promise<Bare> => {
    const key = `${layout.executors}x${layout.threads}`;
    const bare = running.get(key) ?? (await startBare(bench.directory, layout));
    running.set(key, bare);
    return bare;
  };
  return {
    async throughput(mix, seconds) {
      const texts = bareTexts(bench, mix, textCount);
      const out: { shape: Shape; rate: number }[] = [];
      for (const { shape } of survey.filter((row) => row.mix === mix.name).slice(0, finalists)) {
        const rate = await (await bareOf(shape)).throughput(shape, texts, seconds);
        out.push({ shape, rate });
      }
      return out;
    },
    async p50(mix, count, seed) {
      const next = createTexts(bench.words, mix, seed);
      const texts = Array.from({ length: count }, next);
      const found: { threads: number; p50Ms: number }[] = [];
      for (const layout of layoutsOf(bench.cores).filter(({ executors }) => executors === 1)) {
        const bare = await bareOf(layout);
        // The first runs allocate, and the tokenizer's code is not optimised yet.
        await bare.latencies(texts.slice(0, Math.ceil(count / 10)));
        found.push({ threads: layout.threads, p50Ms: median(await bare.latencies(texts)) });
      }
      return found.reduce((best, one) => (one.p50Ms < best.p50Ms ? one : best));
    },
    embed: async (texts) => (await bareOf({ executors: 1, threads: 1 })).embed(texts),
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.values()].map((bare) => bare[Symbol.asyncDispose]()));
    },
  };
}
