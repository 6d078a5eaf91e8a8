import type { LiveTrace } from '@inferometer/core';
import { ROOT_CONTEXT, TraceFlags } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import type { SamplerConfig } from '../config/sampler.ts';

/** The decision at a trace's start, by the specification: whether it may be exported. */
export type HeadSampler = (trace: LiveTrace) => boolean;

export function createHeadSampler({ kind, ratio }: SamplerConfig): HeadSampler {
  const root = rootSampler(kind, ratio);
  if (!kind.startsWith('parentbased_')) return root;
  return (trace) =>
    trace.parent === undefined ? root(trace) : (trace.parent.traceFlags & TraceFlags.SAMPLED) !== 0;
}

function rootSampler(kind: SamplerConfig['kind'], ratio: number): HeadSampler {
  if (kind.endsWith('always_on')) return () => true;
  if (kind.endsWith('always_off')) return () => false;
  const sampler = new TraceIdRatioBasedSampler(ratio);
  return ({ traceId }) =>
    sampler.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
}
