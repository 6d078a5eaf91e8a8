/** Where label values past the limit are counted. */
export const otherValue = 'other';

/**
 * Finds the series of label values, and keeps their number down: of each label the first `limit` distinct values have
 * series, the rest fall into `other`. Looking up values that are known allocates nothing.
 */
export interface LabelIndex<S> {
  find(a: string, b?: string, c?: string): S;
}

type Node<S> = Map<string, Node<S> | S>;

/**
 * @param labels how many labels, 0 … 3
 * @param limit distinct values of a label besides `other`, integer >= 1
 * @param create makes the series of values
 * @param folded called for each observation whose values did not have room
 */
export function createLabelIndex<S>(
  labels: number,
  limit: number,
  create: (values: readonly string[]) => S,
  folded: (label: number) => void,
): LabelIndex<S> {
  const root: Node<S> = new Map();
  const seen: Set<string>[] = Array.from({ length: labels }, () => new Set<string>());
  const single = labels === 0 ? create([]) : undefined;

  const admitted = (label: number, value: string): string => {
    const values = seen[label] as Set<string>;
    if (values.has(value) || value === otherValue) return value;
    if (values.size >= limit) {
      folded(label);
      return otherValue;
    }
    values.add(value);
    return value;
  };

  const slow = (given: readonly string[]): S => {
    const values = given.map((value, label) => admitted(label, value));
    let node = root;
    for (let i = 0; i < labels - 1; i++) {
      const value = values[i] as string;
      let next = node.get(value) as Node<S> | undefined;
      if (next === undefined) {
        next = new Map();
        node.set(value, next);
      }
      node = next;
    }
    const last = values[labels - 1] as string;
    let series = node.get(last) as S | undefined;
    if (series === undefined) {
      series = create(values);
      node.set(last, series);
    }
    return series;
  };

  if (labels === 0) return { find: () => single as S };
  if (labels === 1) return { find: (a) => (root.get(a) as S | undefined) ?? slow([a]) };
  if (labels === 2)
    return {
      find: (a, b = '') => ((root.get(a) as Node<S> | undefined)?.get(b) as S | undefined) ?? slow([a, b]),
    };
  return {
    find: (a, b = '', c = '') =>
      (((root.get(a) as Node<S> | undefined)?.get(b) as Node<S> | undefined)?.get(c) as S | undefined) ??
      slow([a, b, c]),
  };
}
