import { InferometerError } from '@inferometer/core';

/** Something wrong in a configuration file. */
export interface Mistake {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Such as `models.minilm.executors`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong and what was expected. */
  readonly message: string;
}

/** All mistakes of a file, one a line, `file:line:column: path: message`, as editors and terminals find their place. */
export function configError(file: string, mistakes: readonly Mistake[]): InferometerError {
  const lines = mistakes
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(
      ({ line, column, path, message }) => `${file}:${line}:${column}: ${path ? `${path}: ` : ''}${message}`,
    );
  const [only = ''] = lines;
  const text = lines.length === 1 ? only : `${lines.length} mistakes\n${lines.join('\n')}`;
  return new InferometerError('INVALID_INPUT', text);
}

/** The known key that was probably meant. */
export function didYouMean(key: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(key.length / 3));
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  return known
    .map((name) => ({ name, distance: editDistance(plain(key), plain(name)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)[0]?.name;
}

/** Letters to insert, remove, replace or swap with their neighbour (Damerau and Levenshtein). */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
