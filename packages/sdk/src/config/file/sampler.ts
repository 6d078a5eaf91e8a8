import type {
  ParentBasedSamplerConfigModel,
  SamplerConfigModel,
  TraceIdRatioBasedSamplerConfigModel,
} from '@opentelemetry/configuration';
import { defaultSampler, type SamplerConfig } from '../sampler.ts';
import { type Components, componentAt, refuse } from './section.ts';

const development = 'is not here: the schema has it in development only';

type RootKind = 'always_on' | 'always_off' | 'traceidratio';

const roots: Components<{ kind: RootKind; ratio: number }> = {
  always_on: () => ({ kind: 'always_on', ratio: 1 }),
  always_off: () => ({ kind: 'always_off', ratio: 1 }),
  trace_id_ratio_based: (_path, settings) => ({
    kind: 'traceidratio',
    ratio: (settings as NonNullable<TraceIdRatioBasedSamplerConfigModel>).ratio ?? 1,
  }),
  'composite/development': development,
  'jaeger_remote/development': development,
  'probability/development': development,
};

/** What a parent-based sampler does below a parent, by the specification; anything else cannot be followed. */
const children = {
  remote_parent_sampled: 'always_on',
  remote_parent_not_sampled: 'always_off',
  local_parent_sampled: 'always_on',
  local_parent_not_sampled: 'always_off',
} as const;

/** @throws {RangeError} that names the path in the file */
export function samplerAt(path: string, model: SamplerConfigModel | undefined): SamplerConfig {
  if (model === undefined) return defaultSampler;
  return componentAt<SamplerConfig>(path, model, { ...roots, parent_based: parentBasedAt });
}

function parentBasedAt(path: string, settings: unknown): SamplerConfig {
  const model = settings as NonNullable<ParentBasedSamplerConfigModel>;
  for (const [name, expected] of Object.entries(children)) {
    const sampler = model[name as keyof typeof children];
    if (sampler && !(expected in sampler)) {
      refuse(`${path}.${name}`, `must be ${expected} or left out, got ${Object.keys(sampler)}`);
    }
  }
  const { kind, ratio } = componentAt(`${path}.root`, model.root ?? { always_on: null }, roots);
  return { kind: `parentbased_${kind}`, ratio };
}
