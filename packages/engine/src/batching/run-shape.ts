/** Rows of a model run and tokens of each, padding included: what its cost goes by. */
export interface RunShape {
  readonly rows: number;
  readonly width: number;
}

/**
 * The shape of the run of items: one row each, padded to the longest; where nothing is padded, a row a token.
 * @param items shape [n], n >= 1
 */
export function runShape(items: readonly { readonly tokens: number }[], isPadded = true): RunShape {
  return isPadded
    ? { rows: items.length, width: items.reduce((longest, { tokens }) => Math.max(longest, tokens), 1) }
    : { rows: items.reduce((sum, { tokens }) => sum + tokens, 0), width: 1 };
}
