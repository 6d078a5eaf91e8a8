import { pipeline, serve } from 'inferometer';
import { z } from 'zod';

const similarity = pipeline({
  // Any directory with a model; this one comes with the package.
  model: new URL('../../packages/server/models/nickname-encoder', import.meta.url).pathname,
  input: z.object({ a: z.string(), b: z.string() }),
  preprocess: ({ a, b }) => [a, b],
  postprocess({ embedding }) {
    const [data, width] = [embedding?.data as Float32Array, embedding?.dims[1] as number];
    return {
      similarity: data.subarray(0, width).reduce((sum, x, i) => sum + x * (data[width + i] as number), 0),
    };
  },
});

await serve({ port: Number(process.env.PORT ?? 8080), pipelines: { '/similarity': similarity } });
