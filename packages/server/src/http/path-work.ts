import { InferometerError } from '@inferometer/core';
import type { CallOptions, Model, Refusal } from '@inferometer/engine';
import type { ModelRegistry } from '../models/registry.ts';
import type { MountedPipeline } from '../pipeline/route.ts';

/** What a `POST` to a path may run, as far as the path alone tells. */
export interface PathWork {
  /** As routers name it. */
  readonly route: string;
  /** Each of them could be meant. */
  readonly models: readonly Model[];
  /** Why a model would not let it in now. */
  readonly refusalOf: (
    model: Model,
    call: Pick<CallOptions, 'deadline' | 'priority' | 'tenant'>,
  ) => Refusal | undefined;
}

/** Kinds of models by the paths that run them: their body says which. */
const kinds: Readonly<Record<string, Model['kind']>> = {
  '/embed': 'embedding',
  '/v1/embeddings': 'embedding',
  '/nicknames': 'embedding',
  '/v1/completions': 'generative',
  '/v1/chat/completions': 'generative',
  '/apps/llm_chat': 'generative',
  '/apps/image': 'tensor',
};

/** Open Inference Protocol v2; a model's name may have slashes. */
const inferPath = /^\/v2\/models\/(.+?)(\/versions\/([^/]+))?\/infer$/;

/** What is there to be run. */
export interface Served {
  readonly registry: Pick<ModelRegistry, 'models' | 'find'>;
  readonly pipelines: readonly MountedPipeline[];
  readonly bodyPriorities: BodyPriorities;
}

/**
 * Whether callers say how urgent they are in bodies, as Triton's clients do: once one has, no request is refused for want
 * of urgency before its body is read.
 */
export interface BodyPriorities {
  areUsed: boolean;
}

/** @returns undefined for a path that runs no model, or none that is there: its route says so */
export function workOfPath(path: string, served: Served): PathWork | undefined {
  if (Object.hasOwn(kinds, path)) {
    const models = served.registry.models.filter(({ kind }) => kind === kinds[path]);
    return { route: path, models, refusalOf: (model, call) => model.refusal(call) };
  }
  return inferWork(path, served) ?? pipelineWork(path, served);
}

function inferWork(path: string, { registry, bodyPriorities }: Served): PathWork | undefined {
  const [, name, versions, version] = inferPath.exec(path) ?? [];
  const models = name === undefined ? [] : found(version ? `${name}@${version}` : name, registry);
  if (models.length === 0) return undefined;
  return {
    route: `/v2/models/*model${versions ? '/versions/:version' : ''}/infer`,
    models,
    refusalOf: (model, call) =>
      model.inferRefusal(bodyPriorities.areUsed ? { ...call, priority: 'high' } : call),
  };
}

function pipelineWork(path: string, { registry, pipelines }: Served): PathWork | undefined {
  const mounted = pipelines.find((each) => each.path === path);
  const models = mounted ? found(mounted.name, registry) : [];
  if (mounted === undefined || models.length === 0) return undefined;
  const ofTexts = models[0]?.kind === 'embedding' && mounted.pipeline.inExecutor === undefined;
  return {
    route: path,
    models,
    refusalOf: (model, call) => (ofTexts ? model.refusal(call) : model.inferRefusal(call)),
  };
}

/** One that does not exist, or is being loaded, is the route's to refuse. */
function found(name: string, registry: Pick<ModelRegistry, 'find'>): readonly Model[] {
  try {
    return [registry.find(decodeURIComponent(name))];
  } catch (error) {
    if (error instanceof InferometerError || error instanceof URIError) return [];
    throw error;
  }
}
