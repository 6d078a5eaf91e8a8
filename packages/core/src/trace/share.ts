/**
 * Shares out a batch's run over its items by their tokens; the shares add up to the whole exactly.
 * @param durationMs of the run
 * @param tokens of each item without padding, shape [n], n >= 1
 * @returns ms, shape [n], whole nanoseconds each
 */
export function shareOut(durationMs: number, tokens: readonly number[]): number[] {
  const totalNs = Math.round(durationMs * 1e6);
  const totalTokens = tokens.reduce((sum, count) => sum + count, 0);
  let given = 0;
  let counted = 0;
  return tokens.map((count) => {
    // Differences of a rounded running sum: the last one ends at the total, whatever was rounded before.
    counted += count;
    const upTo = Math.round((totalNs * counted) / totalTokens);
    const share = upTo - given;
    given = upTo;
    return share / 1e6;
  });
}
