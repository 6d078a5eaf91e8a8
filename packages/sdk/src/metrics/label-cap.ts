/** Keeps the values of a label few: the first ones that come have names, the rest are `other`. */
export interface LabelCap {
  valueOf(value: string): string;
}

/** @param limit distinct values besides `other`, integer >= 1 */
export function createLabelCap(limit: number): LabelCap {
  const seen = new Set<string>();
  return {
    valueOf(value) {
      if (seen.has(value)) return value;
      if (seen.size >= limit) return 'other';
      seen.add(value);
      return value;
    },
  };
}
