/** A program whose models run one item at a time and let four wait: more is easily too much. */
import { type Pipeline, pipeline, serve } from 'inferometer';

const [encoder = ''] = process.argv.slice(2);
const texts: Pipeline<{ texts: string[] }> = pipeline({
  model: encoder,
  preprocess: (body: { texts: string[] }) => body.texts,
  postprocess: ({ embedding }) => embedding?.dims,
});

await serve({
  port: 0,
  options: { executors: 1, threads: 1, maxBatchSize: 1, maxQueue: 4 },
  models: { e: encoder },
  pipelines: { '/texts': texts },
});
