import type { Instrumentation } from '@opentelemetry/instrumentation';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import type { InstrumentationName, InstrumentationsConfig } from '../config/telemetry-config.ts';

/** Makes an instrumentation, undefined where the name stands for something that is done elsewhere. */
type Make = (config: InstrumentationsConfig) => Instrumentation | undefined;

const makers: Readonly<Record<InstrumentationName, Make>> = {
  // Incoming requests are ours: a trace each, without a span per middleware.
  http: () => new HttpInstrumentation({ disableIncomingRequestInstrumentation: true }),
  // The route comes with the incoming request; this is a span per layer.
  express: (config) => (config.expressLayers ? new ExpressInstrumentation() : undefined),
  undici: () => new UndiciInstrumentation(),
  ioredis: () => new IORedisInstrumentation(),
  pg: () => new PgInstrumentation(),
  pino: (config) => new PinoInstrumentation({ disableLogSending: !config.sendLogs }),
  'runtime-node': () => new RuntimeNodeInstrumentation(),
};

/**
 * The stock instrumentations that are on. They hook modules that are loaded from now on; their providers are the
 * API's global ones until others are set.
 */
export function createInstrumentations(config: InstrumentationsConfig): readonly Instrumentation[] {
  return config.enabled.flatMap((name) => makers[name](config) ?? []);
}
