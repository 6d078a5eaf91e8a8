import type { RunningTelemetry } from '@inferometer/sdk';
import type { ModelRegistry } from './models/registry.ts';
import { version } from './version.ts';

export interface BannerFacts {
  readonly url: string;
  /** Address of the metrics port, where there is one. */
  readonly metricsUrl: string | undefined;
  readonly registry: ModelRegistry;
  readonly telemetry: RunningTelemetry;
  readonly startSeconds: number;
  /** The model that makes nicknames. */
  readonly namer: string | undefined;
}

/** What a person wants to know once it runs. */
export function banner(facts: BannerFacts): string {
  const { url, registry, telemetry } = facts;
  const { traces } = telemetry.config;
  const models = registry.models.map((model) =>
    model.kind === 'embedding'
      ? `${model.name} (embeddings, ${model.dimensions} dimensions)`
      : `${model.name} (${model.kind === 'generative' ? 'text generation' : 'tensors'})`,
  );
  return `
inferometer ${version} is ready after ${facts.startSeconds.toFixed(1)} s

  page       ${url}/
  metrics    ${url}/metrics${facts.metricsUrl ? `   (also ${facts.metricsUrl})` : ''}
  profiling  ${url}/profiling/summary   ${url}/profiling/traces?last_n=5
  endpoints  ${url}/openapi.json   ${url}/apps
  models     ${models.join(', ')}
  traces     ${traces ? `${traces.protocol} to ${traces.endpoint}` : 'not exported: set OTEL_EXPORTER_OTLP_ENDPOINT to send them'}

Try:
  ${tryLine(facts)}
`;
}

function tryLine({ url, namer, registry }: BannerFacts): string {
  const post = (path: string, body: string): string =>
    `curl -s ${url}${path} -H 'content-type: application/json' -d '${body}'`;
  if (namer) return post('/nicknames', '{"text": "I could sleep all day"}');
  const first = registry.models[0];
  if (first?.kind === 'generative')
    return post('/v1/completions', `{"model": "${first.name}", "prompt": "Hello"}`);
  if (first?.kind === 'tensor') return `curl -s ${url}/v2/models/${first.name}`;
  return post('/embed', '{"inputs": "Hello world"}');
}
