export { metricsHandler, type ScrapeBody } from './metrics-handler.ts';
export { clientClosedRequest, goneSignal, traceOf, traceRequests } from './middleware.ts';
export { profilingRouter } from './profiling.ts';
