import type { TextMapPropagator } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import type { Resource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  type SpanLimits,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { SamplerConfig } from '../config/sampler.ts';
import type { PropagatorName, TelemetryConfig } from '../config/telemetry-config.ts';
import { createContextManager } from './context-manager.ts';
import { startNodeSdk } from './node-sdk.ts';
import { type StockParts, startProviders } from './start-providers.ts';
import { viewOptions } from './views.ts';

/** The stock SDK, started: for spans and instruments that others make with the API. */
export interface StockSdk {
  /** Reads the API's instruments. */
  readonly metrics: PrometheusExporter;
  /** Ends its processors. */
  shutdown(): Promise<void>;
}

export interface StockSdkOptions {
  readonly config: TelemetryConfig;
  readonly resource: Resource;
  /** None where no spans are exported: then none are made. */
  readonly spanProcessors: readonly SpanProcessor[];
  readonly instrumentations: readonly Instrumentation[];
}

/** Registers context, propagators, tracers and meters with the API, as the configuration says. */
export function startStockSdk(options: StockSdkOptions): StockSdk {
  const { config, resource, spanProcessors, instrumentations } = options;
  const metrics = new PrometheusExporter({ preventServerStart: true });
  const parts: StockParts = {
    contextManager: createContextManager(),
    textMapPropagator: propagatorOf(config.propagators),
    resource,
    sampler: samplerOf(config.sampler),
    spanLimits: spanLimitsOf(config),
    spanProcessors: [...spanProcessors],
    metricReaders: [metrics],
    views: config.metrics.views.map(viewOptions),
    instrumentations: [...instrumentations],
  };
  return { metrics, shutdown: config.mode === 'inline' ? startNodeSdk(parts) : startProviders(parts) };
}

function spanLimitsOf({ spanLimits: limits }: TelemetryConfig): SpanLimits {
  return {
    attributeCountLimit: limits.attributeCount,
    attributeValueLengthLimit: limits.attributeValueLength ?? Number.POSITIVE_INFINITY,
    eventCountLimit: limits.eventCount,
    linkCountLimit: limits.linkCount,
    attributePerEventCountLimit: limits.attributesPerEvent,
    attributePerLinkCountLimit: limits.attributesPerLink,
  };
}

function samplerOf({ kind, ratio }: SamplerConfig): Sampler {
  const root = kind.endsWith('always_on')
    ? new AlwaysOnSampler()
    : kind.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new TraceIdRatioBasedSampler(ratio);
  return kind.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

const propagators: Readonly<Record<PropagatorName, () => TextMapPropagator>> = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }),
  b3multi: () => new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
};

function propagatorOf(names: readonly PropagatorName[]): TextMapPropagator {
  const [first, ...rest] = names.map((name) => propagators[name]());
  if (first && rest.length === 0) return first;
  return new CompositePropagator({ propagators: first ? [first, ...rest] : [] });
}
