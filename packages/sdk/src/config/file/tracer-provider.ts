import type {
  BatchSpanProcessorConfigModel,
  ConfigurationModel,
  OtlpHttpExporterConfigModel,
  SpanProcessorConfigModel,
} from '@opentelemetry/configuration';
import type { SamplerConfig } from '../sampler.ts';
import type { SpanLimitsConfig } from '../span-limits.ts';
import type { TracesConfig } from '../telemetry-config.ts';
import { defaultBatches } from '../traces.ts';
import { noConsole, noGrpc, noOtlpFile, otlpExporterAt } from './otlp-exporter.ts';
import { samplerAt } from './sampler.ts';
import { componentAt, refuse, refuseSettings, unlimitedIfZero } from './section.ts';

/** @throws {RangeError} that names the path in the file */
export function tracerProviderOf(model: ConfigurationModel): {
  readonly traces: TracesConfig | undefined;
  readonly sampler: SamplerConfig;
  readonly spanLimits: SpanLimitsConfig;
} {
  const path = 'tracer_provider';
  const provider = model.tracer_provider;
  // Without a provider there are no spans, by the schema.
  const none = { kind: 'always_off', ratio: 1 } as const;
  if (provider === undefined) return { traces: undefined, sampler: none, spanLimits: limitsOf(model) };
  refuseSettings(path, provider, ['tracer_configurator/development'], 'cannot be followed');
  if (provider.id_generator) {
    componentAt(`${path}.id_generator`, provider.id_generator, { random: () => undefined });
  }
  const [first, ...more] = provider.processors;
  if (more.length > 0) {
    refuse(
      `${path}.processors[1]`,
      'is one too many: one exporter is here, a Collector sends to several places',
    );
  }
  return {
    traces: first && processorAt(`${path}.processors[0]`, first),
    sampler: samplerAt(`${path}.sampler`, provider.sampler),
    spanLimits: limitsOf(model),
  };
}

function processorAt(path: string, model: SpanProcessorConfigModel): TracesConfig {
  return componentAt<TracesConfig>(path, model, {
    batch: batchAt,
    simple: 'is not here: it would export each span by itself',
  });
}

function batchAt(path: string, settings: unknown): TracesConfig {
  const model = settings as BatchSpanProcessorConfigModel;
  const maxQueueSize = model.max_queue_size ?? defaultBatches.maxQueueSize;
  const maxExportBatchSize =
    model.max_export_batch_size ?? Math.min(defaultBatches.maxExportBatchSize, maxQueueSize);
  if (maxExportBatchSize > maxQueueSize) {
    refuse(
      `${path}.max_export_batch_size`,
      `must be at most max_queue_size ${maxQueueSize}, got ${maxExportBatchSize}`,
    );
  }
  const otlp = componentAt(`${path}.exporter`, model.exporter, {
    otlp_http: (at, exporter) =>
      otlpExporterAt(at, exporter as NonNullable<OtlpHttpExporterConfigModel>, 'v1/traces'),
    otlp_grpc: noGrpc,
    'otlp_file/development': noOtlpFile,
    console: noConsole,
  });
  return {
    ...otlp,
    batches: {
      scheduleDelayMs: Math.max(1, model.schedule_delay ?? defaultBatches.scheduleDelayMs),
      maxQueueSize,
      maxExportBatchSize,
      exportTimeoutMs: unlimitedIfZero(model.export_timeout ?? defaultBatches.exportTimeoutMs),
    },
  };
}

function limitsOf({ attribute_limits: common, tracer_provider }: ConfigurationModel): SpanLimitsConfig {
  const own = tracer_provider?.limits;
  return {
    attributeCount: own?.attribute_count_limit ?? common?.attribute_count_limit ?? 128,
    attributeValueLength:
      own?.attribute_value_length_limit ?? common?.attribute_value_length_limit ?? undefined,
    eventCount: own?.event_count_limit ?? 128,
    linkCount: own?.link_count_limit ?? 128,
    attributesPerEvent: own?.event_attribute_count_limit ?? 128,
    attributesPerLink: own?.link_attribute_count_limit ?? 128,
  };
}
