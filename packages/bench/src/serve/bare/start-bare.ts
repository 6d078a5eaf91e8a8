import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../../overhead/start-child.ts';
import { createRandom, shuffled } from '../random.ts';
import type { BareLatency, BareLoad, BareRun } from './executor.ts';
import { dealBatches, type Layout, type Shape } from './shapes.ts';

/** Executors of one layout, loaded. */
export interface Bare extends AsyncDisposable {
  /**
   * @param texts token ids, shape [texts][tokens]
   * @param seconds least time of the run, in which each executor ends the pass it is in
   * @returns sequences a second, of all executors
   */
  throughput(shape: Shape, texts: readonly (readonly number[])[], seconds: number): Promise<number>;
  /** ms of each text, one after the other in the first executor, tokenising and pooling included. */
  latencies(texts: readonly string[]): Promise<number[]>;
  /** Vectors of length 1, each text run on its own: shape [texts][width]. */
  embed(texts: readonly string[]): Promise<Float32Array[]>;
  /** Resident memory of the first executor, bytes. */
  rss(): Promise<number>;
}

/**
 * @param directory a sentence-transformers export
 * @param graph its ONNX file. @default model.onnx
 */
export async function startBare(
  directory: string,
  layout: Layout,
  graph: string = join(directory, 'model.onnx'),
): Promise<Bare> {
  const children: Child[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  };
  try {
    for (let index = 0; index < layout.executors; index++) {
      const name = `bare executor ${index + 1} of ${layout.executors}`;
      const module = new URL('./executor.js', import.meta.url);
      children.push(await startChild({ name, module, ready: /ready\n/ }));
    }
    const spinning = layout.executors === 1 && layout.threads <= availableParallelism();
    const load: BareLoad = { graph, directory, threads: layout.threads, spinning };
    await Promise.all(children.map((child) => child.ask('load', load)));
  } catch (error) {
    await close();
    throw error;
  }
  const first = children[0] as Child;
  return {
    async throughput(shape, texts, seconds) {
      const random = createRandom(1);
      const hands = dealBatches(texts, shape, (batches) => shuffled(batches, random));
      const run = (batches: BareRun['batches']): BareRun => ({ batches, seconds });
      const rates = await Promise.all(
        // Too few texts for all executors leave some without a batch.
        hands.map((hand, index) => (hand.length > 0 ? children[index]?.ask('run', run(hand)) : 0)),
      );
      await Promise.all(children.map((child) => child.ask('stop')));
      return (rates as number[]).reduce((sum, rate) => sum + rate, 0);
    },
    latencies: async (texts) => (await first.ask('latencies', { texts } satisfies BareLatency)) as number[],
    embed: async (texts) => (await first.ask('embed', texts)) as Float32Array[],
    rss: async () => (await first.ask('rss')) as number,
    [Symbol.asyncDispose]: close,
  };
}
