/** Where a Collector in a test listens and writes. */
export interface CollectorPlaces {
  /** host:port of OTLP/HTTP. */
  readonly http: string;
  /** host:port of OTLP/gRPC. */
  readonly grpc: string;
  /** host:port of the health extension. */
  readonly health: string;
  /** The path of a file in the Collector's own folder; `spans.jsonl` and `metrics.jsonl` are what is read back. */
  file(name: string): string;
}

/** Receives OTLP over HTTP and gRPC and writes spans, metrics and logs as JSON lines. JSON, which is YAML. */
export function defaultCollectorConfig({ http, grpc, health, file }: CollectorPlaces): string {
  // Written out at once: a test waits for it.
  const writes = (name: string) => ({ path: file(name), format: 'json', flush_interval: '50ms' });
  const pipeline = (exporter: string) => ({ receivers: ['otlp'], exporters: [exporter] });
  return JSON.stringify({
    extensions: { health_check: { endpoint: health } },
    receivers: { otlp: { protocols: { http: { endpoint: http }, grpc: { endpoint: grpc } } } },
    exporters: {
      'file/spans': writes('spans.jsonl'),
      'file/metrics': writes('metrics.jsonl'),
      'file/logs': writes('logs.jsonl'),
    },
    service: {
      // Its own metrics would want a fixed port.
      telemetry: { metrics: { level: 'none' } },
      extensions: ['health_check'],
      pipelines: {
        traces: pipeline('file/spans'),
        metrics: pipeline('file/metrics'),
        logs: pipeline('file/logs'),
      },
    },
  });
}
