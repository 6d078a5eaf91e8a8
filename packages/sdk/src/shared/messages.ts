import type { TelemetryConfig } from '../config/telemetry-config.ts';
import type { ResourceMetricsLike } from '../exposition/from-otel.ts';
import type { PromClientMetric } from '../exposition/from-prom-client.ts';
import type { PlainSpan } from './plain-span.ts';

/** What the telemetry worker starts with. */
export interface WorkerStart {
  readonly config: TelemetryConfig;
  readonly version: string;
  readonly ring: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** Metrics that the main thread writes. */
  readonly memory: SharedArrayBuffer | ArrayBuffer;
  /** Files in which other processes' metrics are. */
  readonly metricFiles: readonly string[];
  /** What workers before this one have counted themselves; none for the first. */
  readonly predecessors: readonly SharedArrayBuffer[];
}

/** What only the main thread can read: instruments of the API, registries of prom-client. */
export interface Snapshot {
  readonly otel: ResourceMetricsLike | undefined;
  readonly prom: readonly (readonly PromClientMetric[])[];
}

/** The answer to one scrape. */
export interface Rendered {
  readonly contentType: string;
  readonly body: Uint8Array;
}

export type ToWorker =
  /** Must come first: what is sent has it. */
  | { readonly type: 'resource'; readonly attributes: Readonly<Record<string, unknown>> }
  | { readonly type: 'spans'; readonly spans: readonly PlainSpan[] }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'render'; readonly id: number; readonly accept: string | undefined }
  | { readonly type: 'flush'; readonly id: number }
  | { readonly type: 'metricFile'; readonly path: string; readonly there: boolean }
  | { readonly type: 'dropped'; readonly reason: string; readonly spans: number };

export type ToMain =
  /** Where the worker counts what it does itself. */
  | { readonly type: 'ownMemory'; readonly buffer: SharedArrayBuffer }
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'notListening'; readonly message: string }
  | { readonly type: 'collect' }
  | { readonly type: 'rendered'; readonly id: number; readonly rendered: Rendered }
  | { readonly type: 'flushed'; readonly id: number }
  | {
      readonly type: 'diag';
      readonly level: 'error' | 'warn' | 'info' | 'debug' | 'verbose';
      readonly line: string;
    };
