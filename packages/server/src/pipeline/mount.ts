import { type ModelSource, modelName } from '../models/spec.ts';
import type { Pipeline } from './pipeline.ts';
import type { MountedPipeline } from './route.ts';

const reserved = [
  '/v1',
  '/v2',
  '/embed',
  '/health',
  '/info',
  '/nicknames',
  '/apps',
  '/metrics',
  '/openapi.json',
  '/profiling',
  '/livez',
  '/readyz',
];

/**
 * Gives each pipeline its path and the model that it needs.
 * @throws {RangeError} for a path that is none, or that the server has itself, or a name that comes twice
 */
export function mountPipelines(
  pipelines: Readonly<Record<string, Pipeline>>,
  taken: readonly string[],
): { readonly mounted: readonly MountedPipeline[]; readonly sources: readonly ModelSource[] } {
  const names = new Set(taken);
  const mounted: MountedPipeline[] = [];
  const sources: ModelSource[] = [];
  for (const [path, pipeline] of Object.entries(pipelines)) {
    if (!/^(\/[\w.~-]+)+$/.test(path))
      throw new RangeError(`the path of a pipeline must be like /sentiment, got ${path}`);
    const own = reserved.find((root) => path === root || path.startsWith(`${root}/`));
    if (own) throw new RangeError(`the path of a pipeline must not be below ${own}, got ${path}`);
    const name = pipeline.name ?? path.slice(1);
    if (!modelName.test(name)) {
      const expected = '1 to 100 of letters, digits and . _ : / -';
      throw new RangeError(`the name of a pipeline must be ${expected}, got ${name}`);
    }
    if (names.has(name))
      throw new RangeError(`two models are called ${name}: give the pipeline of ${path} a name`);
    names.add(name);
    mounted.push({ path, name, pipeline });
    const { model, options, inExecutor: hooks } = pipeline;
    sources.push({ name, path: model, ...(hooks ? { hooks } : {}), ...(options ? { options } : {}) });
  }
  return { mounted, sources };
}
