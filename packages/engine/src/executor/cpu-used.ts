import { isMainThread } from 'node:worker_threads';

/**
 * CPU that this executor has taken, ms, whole µs: of a process all its threads', onnxruntime's included. Of a thread of
 * the service it is that thread's alone (Node 23.9; before it 0), for the process's would be everybody's: with `threads: 1`
 * an operator has no others.
 */
export function cpuMsUsed(): number {
  if (!isMainThread && typeof process.threadCpuUsage !== 'function') return 0;
  const { user, system } = isMainThread ? process.cpuUsage() : process.threadCpuUsage();
  return (user + system) / 1000;
}
