import {
  type ContextManager,
  context,
  metrics as metricsApi,
  propagation,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { getBooleanFromEnv } from '@opentelemetry/core';
import { type Instrumentation, registerInstrumentations } from '@opentelemetry/instrumentation';
import type { Resource } from '@opentelemetry/resources';
import { type IMetricReader, MeterProvider, type ViewOptions } from '@opentelemetry/sdk-metrics';
import { type Sampler, type SpanLimits, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

/** What an SDK is put together of, by the names that NodeSDK has for them. */
export interface StockParts {
  readonly contextManager: ContextManager;
  readonly textMapPropagator: TextMapPropagator;
  readonly resource: Resource;
  readonly sampler: Sampler;
  readonly spanLimits: SpanLimits;
  /** None where no spans are exported: then none are made. */
  readonly spanProcessors: SpanProcessor[];
  readonly metricReaders: IMetricReader[];
  readonly views: ViewOptions[];
  readonly instrumentations: Instrumentation[];
}

/**
 * Registers them with the API, as NodeSDK would: that one loads every exporter there is, gRPC and Zipkin too, which takes
 * a third of a second of the start.
 * @returns what ends them
 */
export function startProviders(parts: StockParts): () => Promise<void> {
  const { resource, spanProcessors, instrumentations } = parts;
  registerInstrumentations({ instrumentations });
  context.setGlobalContextManager(parts.contextManager.enable());
  propagation.setGlobalPropagator(parts.textMapPropagator);
  const watchesItself = getBooleanFromEnv('OTEL_NODE_EXPERIMENTAL_SDK_METRICS') ?? false;
  const meterProvider = new MeterProvider({
    resource,
    views: parts.views,
    readers: parts.metricReaders,
    sdkMetricsEnabled: watchesItself,
  });
  metricsApi.setGlobalMeterProvider(meterProvider);
  for (const instrumentation of instrumentations) instrumentation.setMeterProvider(meterProvider);
  const tracerProvider =
    spanProcessors.length > 0
      ? new TracerProvider({
          sampler: parts.sampler,
          spanLimits: parts.spanLimits,
          resource,
          ...(watchesItself ? { meterProvider } : {}),
          spanProcessors,
        })
      : undefined;
  if (tracerProvider) trace.setGlobalTracerProvider(tracerProvider);
  return async () => {
    await Promise.all([tracerProvider?.shutdown(), meterProvider.shutdown()]);
  };
}
