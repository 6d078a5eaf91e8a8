export { currentEpochOffset, type MonoMs, monoNow } from './clock.ts';
export { type ErrorCode, InferometerError, messageOf } from './errors.ts';
export { createRing, type Ring } from './ring.ts';
export { ATTR, BOUNDS, METRIC, PHASES, type PhaseName, SPAN } from './semconv.ts';
export { type PhaseStats, quantile, type Summary, statsOf, summarise } from './summary.ts';
export {
  createTelemetry,
  type IncomingRequest,
  type ModelLoad,
  type Observer,
  type OpenRequest,
  type QueueReading,
  type Telemetry,
  type TelemetryOptions,
} from './telemetry.ts';
export {
  type BatchJson,
  type BatchRecord,
  type BatchShare,
  phaseUs,
  type TraceJson,
  type TraceRecord,
  traceJson,
} from './trace/record.ts';
export {
  createRequestTrace,
  type Outcome,
  type RequestStart,
  type RequestTrace,
  type RequestTraceOptions,
  requestStart,
} from './trace/request-trace.ts';
export {
  type ItemTimes,
  type Mark,
  type PhaseTotal,
  type Segment,
  sweepItems,
  totalsOf,
} from './trace/timeline.ts';
