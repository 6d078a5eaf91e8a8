export { dealBatches, layoutsOf, nameOfShape, type Shape, shapesOf } from './bare/shapes.ts';
export { type CellReadings, measureCells, medianReading } from './cells.ts';
export { scored } from './choose-settings.ts';
export { type CellResult, compareCell } from './compare-cells.ts';
export { type ServeEffort, serveEfforts } from './efforts.ts';
export { poissonArrivals } from './load/arrivals.ts';
export type { Outcome } from './load/outcome.ts';
export {
  type LoadReading,
  largestDifference,
  type OpenReading,
  openReadingOf,
  readingOf,
} from './load/reading.ts';
export { serializeRequests } from './load/requests.ts';
export { createResponseParser, type HttpAnswer } from './load/response-parser.ts';
export { type Generator, startGenerator, type Target } from './load/start-generator.ts';
export { createTexts, mixes, wholeWords } from './mixes.ts';
export { lostServeTelemetry, outsideServeMargins } from './problems.ts';
export { formatServe, type ServeReport } from './report.ts';
export { runServeBench, type ServeBenchOptions } from './run.ts';
export { findRivals, type Rivals } from './servers/rivals.ts';
export { startServer } from './servers/start-server.ts';
export { mean, quantile } from './statistics.ts';
