import {
  context,
  metrics as metricsApi,
  propagation,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import {
  CompositePropagator,
  getBooleanFromEnv,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { type Instrumentation, registerInstrumentations } from '@opentelemetry/instrumentation';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import type { Resource } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  type SpanLimits,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { SamplerConfig } from '../config/sampler.ts';
import type { PropagatorName, TelemetryConfig } from '../config/telemetry-config.ts';
import { createContextManager } from './context-manager.ts';
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

/**
 * Registers context, propagators, tracers and meters with the API, as the configuration says. It is what NodeSDK does
 * with such options; NodeSDK loads every exporter there is, gRPC and Zipkin too, which takes a third of a second.
 */
export function startStockSdk(options: StockSdkOptions): StockSdk {
  const { config, resource, spanProcessors, instrumentations } = options;
  const metrics = new PrometheusExporter({ preventServerStart: true });
  registerInstrumentations({ instrumentations: [...instrumentations] });
  context.setGlobalContextManager(createContextManager().enable());
  propagation.setGlobalPropagator(propagatorOf(config.propagators));
  const watchesItself = getBooleanFromEnv('OTEL_NODE_EXPERIMENTAL_SDK_METRICS') ?? false;
  const meterProvider = new MeterProvider({
    resource,
    views: config.metrics.views.map(viewOptions),
    readers: [metrics],
    sdkMetricsEnabled: watchesItself,
  });
  metricsApi.setGlobalMeterProvider(meterProvider);
  for (const instrumentation of instrumentations) instrumentation.setMeterProvider(meterProvider);
  const tracerProvider =
    spanProcessors.length > 0
      ? new TracerProvider({
          sampler: samplerOf(config.sampler),
          spanLimits: spanLimitsOf(config),
          resource,
          ...(watchesItself ? { meterProvider } : {}),
          spanProcessors: [...spanProcessors],
        })
      : undefined;
  if (tracerProvider) trace.setGlobalTracerProvider(tracerProvider);
  return {
    metrics,
    async shutdown() {
      await Promise.all([tracerProvider?.shutdown(), meterProvider.shutdown()]);
    },
  };
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
