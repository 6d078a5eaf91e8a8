export { type LoadOptions, type LoadResult, load } from './load.ts';
export { outsideMargins } from './margins.ts';
export type { ProbeReading } from './probe.ts';
export { type BenchReport, formatReport } from './report.ts';
export { efforts, runBench } from './run.ts';
export type { Effort, EventLoopResult, MemoryReading } from './scenarios.ts';
export { type ServerProcess, startServerProcess } from './server-process.ts';
