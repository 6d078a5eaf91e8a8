/** A user's program: serves pipelines around the models in the folder that it is given. */
import { join } from 'node:path';
import { InvalidInput, pipeline, serve, type Tensors } from 'inferometer';
import { z } from 'zod';

const [models = '', encoder = ''] = process.argv.slice(2);
const doubled = join(models, 'doubled');
const row = (values: readonly number[]): Tensors => ({
  x: { type: 'float32', dims: [1, values.length], data: Float32Array.from(values) },
});

await serve({
  port: 0,
  options: { executors: 1, threads: 1 },
  models: { fixed: join(models, 'fixed') },
  pipelines: {
    '/double': pipeline({
      model: doubled,
      preprocess: (body: { values: number[] }) => row(body.values),
      postprocess: ({ y }, { body }) => ({ doubled: y?.data, of: body.values, pid: process.pid }),
    }),
    '/checked': pipeline({
      model: doubled,
      input: z.object({ values: z.array(z.number('expected a number')).min(1, 'expected numbers') }),
      preprocess: async ({ values }) => row(values),
      postprocess: async ({ y }) => y?.data,
    }),
    '/throws': pipeline({
      model: join(models, 'lookup'),
      preprocess({ at, index = 0 }: { at: string; index?: number }) {
        if (at === 'input') throw new InvalidInput('expected something else', { field: 'at' });
        if (at === 'preprocess') throw new TypeError('a mistake of mine');
        if (at === 'tensors') return row([1]);
        return { index: { type: 'int64', dims: [1], data: BigInt64Array.of(BigInt(index)) } };
      },
      postprocess({ row: given }, { body }) {
        if (body.at === 'postprocess') throw new Error('another mistake');
        if (body.at === 'circle') {
          const circle: Record<string, unknown> = {};
          circle.circle = circle;
          return circle;
        }
        return body.at === 'bytes'
          ? new Uint8Array([1, 2, 3])
          : { row: given?.data, wide: 2n ** 63n, few: 7n };
      },
    }),
    '/texts': pipeline({
      model: encoder,
      preprocess: (body: { texts: string[] }) => body.texts,
      postprocess: ({ embedding }) => embedding?.dims,
    }),
    '/executor': pipeline({ model: doubled, inExecutor: new URL('./hooks.js', import.meta.url) }),
    '/half': pipeline({
      model: doubled,
      inExecutor: new URL('./half.js', import.meta.url),
      postprocess: ({ y }: Tensors) => y?.data,
    }),
  },
});
