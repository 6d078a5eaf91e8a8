import { InferometerError } from '@inferometer/core';
import { normalizeRows } from '@inferometer/engine';

/**
 * The first dimensions of vectors, scaled to length 1 anew, as OpenAI and TEI shorten.
 * @param vectors shape [n][dimensions]
 * @param dimensions undefined leaves them as they are
 * @throws {InferometerError} INVALID_INPUT if the model has fewer
 */
export function shorten(
  vectors: readonly Float32Array[],
  dimensions: number | undefined,
): readonly Float32Array[] {
  const full = vectors[0]?.length ?? 0;
  if (dimensions === undefined || dimensions === full) return vectors;
  if (dimensions > full) {
    const message = `expected at most the model's ${full} dimensions, got ${dimensions}`;
    throw new InferometerError('INVALID_INPUT', message, { field: 'dimensions' });
  }
  return vectors.map((vector) => {
    const short = vector.slice(0, dimensions);
    normalizeRows(short, dimensions);
    return short;
  });
}
