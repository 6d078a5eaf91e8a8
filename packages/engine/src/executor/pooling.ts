import type { PoolingMode } from '../model/pooling-config.ts';

/** Token vectors of a padded batch. */
export interface TokenVectors {
  /** Shape [rows, columns, width], row major. */
  readonly data: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
  /** Tokens of each row, shape [rows]; the rest of a row is padding. */
  readonly lengths: ArrayLike<number>;
}

/**
 * One vector a row, each mode's beside the one before it, as sentence-transformers pools.
 * @returns shape [rows, width × modes], row major
 */
export function pool(tokens: TokenVectors, modes: readonly PoolingMode[]): Float32Array {
  const { rows, width } = tokens;
  const out = new Float32Array(rows * width * modes.length);
  for (let row = 0; row < rows; row++) {
    modes.forEach((mode, index) => {
      const start = (row * modes.length + index) * width;
      poolRow(tokens, row, mode, out.subarray(start, start + width));
    });
  }
  return out;
}

function poolRow(tokens: TokenVectors, row: number, mode: PoolingMode, out: Float32Array): void {
  const { data, columns, width } = tokens;
  const length = tokens.lengths[row] as number;
  const base = row * columns * width;
  if (mode === 'cls' || mode === 'lasttoken') {
    const at = base + (mode === 'cls' ? 0 : (length - 1) * width);
    for (let i = 0; i < width; i++) out[i] = data[at + i] as number;
    return;
  }
  if (mode === 'max') out.fill(-Infinity);
  let weights = 0;
  // Row by row through memory: the token vectors are read once, in order.
  for (let token = 0; token < length; token++) {
    const at = base + token * width;
    if (mode === 'max') {
      for (let i = 0; i < width; i++) out[i] = Math.max(out[i] as number, data[at + i] as number);
      continue;
    }
    const weight = mode === 'weightedmean' ? token + 1 : 1;
    weights += weight;
    for (let i = 0; i < width; i++) out[i] = (out[i] as number) + (data[at + i] as number) * weight;
  }
  if (mode === 'max') return;
  const divisor = mode === 'mean_sqrt_len_tokens' ? Math.sqrt(weights) : weights;
  for (let i = 0; i < width; i++) out[i] = (out[i] as number) / divisor;
}

/** Scales each row to Euclidean length 1, in place; a row of zeros stays. */
export function normalizeRows(vectors: Float32Array, width: number): void {
  for (let start = 0; start < vectors.length; start += width) {
    let squares = 0;
    for (let i = start; i < start + width; i++) squares += (vectors[i] as number) ** 2;
    // The floor is PyTorch's normalize's.
    const scale = 1 / Math.max(Math.sqrt(squares), 1e-12);
    for (let i = start; i < start + width; i++) vectors[i] = (vectors[i] as number) * scale;
  }
}
