import { type Env, memberOf, numberOf, textOf } from './env.ts';

export const samplerKinds = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Head sampling by the specification. */
export interface SamplerConfig {
  /** `OTEL_TRACES_SAMPLER`. @default "parentbased_always_on" */
  readonly kind: (typeof samplerKinds)[number];
  /** Share of traces that start here, in [0, 1], of the two `traceidratio`: `OTEL_TRACES_SAMPLER_ARG`. @default 1 */
  readonly ratio: number;
}

export const defaultSampler: SamplerConfig = { kind: 'parentbased_always_on', ratio: 1 };

/** @throws {RangeError} for a sampler that is not one of the specification's, or a ratio out of range */
export function samplerOf(env: Env): SamplerConfig {
  const name = textOf(env, 'OTEL_TRACES_SAMPLER');
  const kind = name === undefined ? defaultSampler.kind : memberOf('OTEL_TRACES_SAMPLER', samplerKinds, name);
  // Other samplers have no argument: one that is left over from another setting hurts nobody.
  const ratio = kind.endsWith('traceidratio') ? numberOf(env, 'OTEL_TRACES_SAMPLER_ARG', 1, 0, 1) : 1;
  return { kind, ratio };
}
