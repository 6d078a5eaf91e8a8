import { join } from 'node:path';
import { keyOfGraph } from './key.ts';

/** Smaller graphs are read and optimised faster than a cache is asked: 1 MB takes 10 ms. */
const leastBytes = 16 * 1024 * 1024;

/**
 * Where the optimised form of a graph is kept, whether it is there yet or not.
 * @param cacheDir empty for none
 * @returns undefined where it is not worth keeping
 */
export function entryFor(graph: string, cacheDir: string): string | undefined {
  if (cacheDir === '') return undefined;
  try {
    const { key, bytes } = keyOfGraph(graph);
    return bytes >= leastBytes ? join(cacheDir, key) : undefined;
  } catch {
    // What is wrong with the graph is told by whoever opens it.
    return undefined;
  }
}
