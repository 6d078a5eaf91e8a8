import { monoNow } from '@inferometer/core';
import type { ExecutorPool } from './pool.ts';
import { repeatWork, warmUp } from './warm-up.ts';

/** A run of the model before it served anybody. */
export interface WarmRun {
  readonly rows: number;
  readonly columns: number;
  /** Of the run alone, ms. */
  readonly ms: number;
}

export interface WarmLimits {
  readonly maxBatchSize: number;
  readonly maxBatchTokens: number;
  readonly maxTokens: number;
}

/** Tokens of a short text: a query or a title. */
const shortTokens = 16;

/**
 * Shapes that tell most about a model, from the least tokens to the most: one text and full batches, short and long. A
 * batch is never more than `maxBatchTokens`.
 */
export function warmShapes(limits: WarmLimits): readonly (readonly [rows: number, columns: number])[] {
  const { maxBatchSize, maxBatchTokens, maxTokens } = limits;
  const short = Math.min(shortTokens, maxTokens);
  const middle = Math.min(4 * shortTokens, maxTokens);
  const rowsOf = (columns: number): number =>
    Math.max(1, Math.min(maxBatchSize, Math.floor(maxBatchTokens / columns)));
  const shapes: [number, number][] = [
    [1, short],
    [Math.min(8, rowsOf(short)), short],
    [1, middle],
    [rowsOf(short), short],
    [1, maxTokens],
    [Math.min(8, rowsOf(middle)), middle],
    [rowsOf(middle), middle],
    [rowsOf(maxTokens), maxTokens],
  ];
  const seen = new Set<string>();
  return shapes
    .filter((shape) => !seen.has(String(shape)) && seen.add(String(shape)))
    .sort(([a, b], [c, d]) => a * b - c * d);
}

/**
 * Runs shapes in all executors until the time is over; one that would take longer than what is left is not begun.
 * @param token any of the model's tokens
 * @throws {InferometerError} INVALID_MODEL with what a run said
 */
export async function runShapes(
  pool: ExecutorPool,
  graph: string,
  token: number,
  shapes: readonly (readonly [number, number])[],
  limitMs: number,
): Promise<readonly WarmRun[]> {
  const begun = monoNow();
  const runs: WarmRun[] = [];
  for (const [rows, columns] of shapes) {
    const last = runs.at(-1);
    const expectedMs = last ? (last.ms * rows * columns) / (last.rows * last.columns) : 0;
    if (monoNow() - begun + expectedMs > limitMs) break;
    const replies = await warmUp(pool, repeatWork(token, rows, columns), graph);
    const times = replies.map(({ run }) => (run ? run.end - run.start : Number.NaN));
    runs.push({ rows, columns, ms: Math.max(...times) });
  }
  return runs;
}
