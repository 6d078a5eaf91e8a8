export { clientClosedRequest, goneSignal, type ProfilingAccess } from '@inferometer/core';
export type { Handler, Next } from './handler.ts';
export { inferometer } from './inferometer.ts';
export { metricsHandler, type ScrapeBody } from './metrics-handler.ts';
export type { InferometerOptions, ProfilingOptions } from './options.ts';
export { type ProfilingHandlerOptions, profilingHandler } from './profiling-handler.ts';
export { timingHeaders } from './timing-headers.ts';
export { type TraceRequestsOptions, traceOf, traceRequests } from './trace-requests.ts';
