export { type BatchOptions, batch } from './batch.ts';
export { currentEpochOffset, type MonoMs, monoNow } from './clock.ts';
export { clientClosedRequest, clientDisconnected, responseDestroyed } from './cut-short.ts';
export { type ErrorCode, InferometerError, messageOf } from './errors.ts';
export { hexOfWord, type IdWords, randomWord, wordOfHex, writeIds } from './ids.ts';
export { goneSignal, openRequestOf, pathOf, traceIncoming } from './incoming.ts';
export { installed, installTelemetry } from './installed.ts';
export type {
  Exemplar,
  Family,
  HistogramValue,
  Labels,
  NativeValue,
  Series,
  SummaryValue,
} from './metrics/family.ts';
export type { HistogramSeries } from './metrics/histogram-series.ts';
export { otherValue } from './metrics/label-index.ts';
export { maxScale } from './metrics/layout.ts';
export { createMetricFile, createMetricFileReader } from './metrics/metric-file.ts';
export {
  type CounterFamily,
  createMetricMemory,
  foldedMetric,
  type GaugeFamily,
  type HistogramDefinition,
  type HistogramFamily,
  type MetricDefinition,
  type MetricMemory,
  type MetricMemoryOptions,
  refusedMetric,
} from './metrics/metric-memory.ts';
export { atScale } from './metrics/native-scale.ts';
export { createMemoryReader, type MemoryReader } from './metrics/read-memory.ts';
export type { CounterSeries, GaugeSeries } from './metrics/scalar-series.ts';
export { sumFamilies } from './metrics/sum-families.ts';
export type { MetricFile } from './metrics/write-metric-file.ts';
export { noteBatch } from './note-batch.ts';
export type {
  CacheReading,
  CacheResult,
  ExecutorStates,
  GenerationReading,
  ModelLoad,
  ModelReading,
  Observer,
  PhaseSeconds,
  QueueReading,
  TurnedAway,
} from './observer.ts';
export { activeTrace, mark, phase, setAttributes } from './phase.ts';
export { type AccessCheck, createProfilingAccess, type ProfilingAccess } from './profiling/access.ts';
export { answerProfiling, type ProfilingRequest } from './profiling/answer-profiling.ts';
export { profilingInCode } from './profiling/in-code.ts';
export { isBelow, profilingPath } from './profiling/profiling-path.ts';
export { createTraceRing, type TraceRing } from './ring/trace-ring.ts';
export {
  ATTR,
  BOUNDS,
  LOAD_PHASES,
  type LoadPhaseName,
  METRIC,
  PHASES,
  type PhaseName,
  SPAN,
} from './semconv.ts';
export { type PhaseStats, quantile, type Summary, statsOf, summarise } from './summary.ts';
export {
  createTelemetry,
  type IncomingRequest,
  type OpenRequest,
  type Telemetry,
  type TelemetryOptions,
} from './telemetry.ts';
export { batchAttributes, createInlineSpans, generationSteps, hrTimeOfUs } from './trace/inline-spans.ts';
export { defaultSpanLimits, LiveSpan, type SpanExtras, type SpanLimits } from './trace/live-span.ts';
export { LiveTrace } from './trace/live-trace.ts';
export type { PhaseEntry } from './trace/phase-entry.ts';
export { createPlainSpans, liveSpans } from './trace/plain-spans.ts';
export {
  type BatchJson,
  type BatchRecord,
  type BatchShare,
  defaultDevice,
  type FinishedTrace,
  type GenerationJson,
  type GenerationTimes,
  phaseUs,
  type TraceJson,
  type TraceRecord,
  traceJson,
} from './trace/record.ts';
export {
  type Outcome,
  type RequestStart,
  type RequestTrace,
  requestStart,
} from './trace/request-trace.ts';
export { rootName } from './trace/root-attributes.ts';
export { shareOut } from './trace/share.ts';
export { type Interval, minGapUs, type PhaseSpan, planPhases } from './trace/span-plan.ts';
export type { BatchLink, SpanStrategy } from './trace/span-strategy.ts';
export {
  type ItemTimes,
  type Mark,
  type PhaseTotal,
  type Segment,
  segmentsOf,
  sweepItems,
  type Timeline,
  totalsOf,
} from './trace/timeline.ts';
export { placeOf } from './trace/trace-context.ts';
export { type TraceOptions, trace } from './trace.ts';
