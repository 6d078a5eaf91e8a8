/** The same numbers on every run (mulberry32). */
export interface Random {
  /** In [0, 1). */
  (): number;
  /** In [0, n). */
  int(n: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
}

export function createRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (n: number): number => Math.floor(next() * n);
  return Object.assign(next, {
    int,
    pick: <T>(items: readonly [T, ...T[]]): T => items[int(items.length)] as T,
  });
}
