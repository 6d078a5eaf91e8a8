/**
 * How long a model run takes, by its shape: `fixed + perToken·rows·width + perPair·rows·width²` ms, the last term for
 * attention. None of them is negative.
 */
export interface RunCost {
  /** What every run costs, whatever is in it: what two batches save that become one, ms. */
  readonly fixed: number;
  readonly perToken: number;
  readonly perPair: number;
}

/** Learns a model's run cost from its runs. */
export interface RunCostModel {
  /** As far as it is known now. */
  readonly cost: RunCost;
  /** Runs that it has learned from. */
  readonly observed: number;
  /** Tokens up to which a run's time can be told, padding included; of larger ones nothing is known. */
  readonly horizon: number;
  /** @param ms how long a run of `rows` padded to `width` tokens took, > 0 */
  observe(rows: number, width: number, ms: number): void;
  /** Run time to be expected, ms; of runs past the horizon, of one that is as large as that. */
  predict(rows: number, width: number): number;
}

export interface RunCostOptions {
  /** Whether rows are padded to a width that attention squares; else a token is a row, and costs what any other does. */
  readonly isPadded?: boolean | undefined;
  /** Share that what is known keeps with each new run, in (0, 1). @default the last few hundred count */
  readonly memory?: number;
}

/** Before the first run: a small encoder on one core. Two runs are enough to leave it behind. */
const prior: RunCost = { fixed: 2, perToken: 0.1, perPair: 0 };
/** Weight of the prior, in runs: keeps the fit solvable when all runs have one shape. */
const priorWeight = 0.01;
const longMemory = 0.995;
/** Runs of so many times the tokens of the largest one that was seen can be told from it. */
const reach = 8;
/** So many runs are looked at before the fit is made anew, once it has seen a few. */
const refitEvery = 8;
/** Shapes that anchor the prior. */
const priorShapes = [
  [1, 8],
  [1, 128],
  [16, 8],
] as const;

/**
 * Fits by least squares of the relative error, old runs fading, so that short runs count as much as long ones and a
 * machine that becomes slower is noticed.
 */
export function createRunCostModel(options: RunCostOptions = {}): RunCostModel {
  const { memory = longMemory } = options;
  const terms = options.isPadded === false ? subsets.filter((subset) => !subset.includes(2)) : subsets;
  /** Weighted sums of products of the features (upper triangle by rows) and of features times ms. */
  const products = new Float64Array(9);
  const targets = new Float64Array(3);
  let cost = prior;
  let largest = 0;
  let observed = 0;
  let sinceFit = 0;

  const add = (rows: number, width: number, ms: number, weight: number): void => {
    const features = [1, rows * width, rows * width * width];
    const scale = weight / (ms * ms);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        products[3 * i + j] =
          (products[3 * i + j] as number) + scale * (features[i] as number) * (features[j] as number);
      }
      targets[i] = (targets[i] as number) + scale * (features[i] as number) * ms;
    }
  };
  for (const [rows, width] of priorShapes) {
    add(rows, width, costOf(prior, rows, width), priorWeight);
    largest = Math.max(largest, rows * width);
  }

  return {
    get cost() {
      return cost;
    },
    get observed() {
      return observed;
    },
    get horizon() {
      return reach * largest;
    },
    observe(rows, width, ms) {
      if (!(ms > 0)) return;
      for (let i = 0; i < 9; i++) products[i] = (products[i] as number) * memory;
      for (let i = 0; i < 3; i++) targets[i] = (targets[i] as number) * memory;
      add(rows, width, ms, 1);
      largest = Math.max(largest, rows * width);
      observed++;
      if (observed > refitEvery && ++sinceFit < refitEvery) return;
      sinceFit = 0;
      cost = fit(products, targets, terms) ?? cost;
    },
    predict: (rows, width) => costOf(cost, Math.min(rows, Math.max(1, (reach * largest) / width)), width),
  };
}

export function costOf(cost: RunCost, rows: number, width: number): number {
  return cost.fixed + rows * width * (cost.perToken + cost.perPair * width);
}

/** Which terms a fit has: with three of them the best one without negatives is found by trying all. */
const subsets: readonly (readonly number[])[] = [[0, 1, 2], [0, 1], [0, 2], [1, 2], [0], [1], [2]];

/** @returns undefined where the sums say nothing */
function fit(products: Float64Array, targets: Float64Array, terms: typeof subsets): RunCost | undefined {
  let best: number[] | undefined;
  let bestGain = 0;
  for (const subset of terms) {
    const solved = solve(products, targets, subset);
    if (solved === undefined || solved.some((value) => !(value >= 0))) continue;
    // At the minimum the error is a constant less this.
    const gain = subset.reduce((sum, term, i) => sum + (targets[term] as number) * (solved[i] as number), 0);
    if (gain <= bestGain) continue;
    bestGain = gain;
    best = [0, 0, 0];
    for (const [i, term] of subset.entries()) best[term] = solved[i] as number;
  }
  if (best === undefined) return undefined;
  const [fixed = 0, perToken = 0, perPair = 0] = best;
  return { fixed, perToken, perPair };
}

/** Gauss elimination with the largest pivot. @returns undefined where there is no single solution */
function solve(
  products: Float64Array,
  targets: Float64Array,
  subset: readonly number[],
): number[] | undefined {
  // Features differ by orders of magnitude: each is scaled to length 1.
  const scale = subset.map((i) => 1 / Math.sqrt(products[4 * i] as number));
  const rows = subset.map((i, a) => [
    ...subset.map((j, b) => (products[3 * i + j] as number) * (scale[a] as number) * (scale[b] as number)),
    (targets[i] as number) * (scale[a] as number),
  ]);
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(rows[row]?.[column] ?? 0) > Math.abs(rows[pivot]?.[column] ?? 0)) pivot = row;
    }
    const top = rows[pivot] as number[];
    if (!(Math.abs(top[column] as number) > 1e-9)) return undefined;
    rows[pivot] = rows[column] as number[];
    rows[column] = top;
    for (let row = 0; row < n; row++) {
      if (row === column) continue;
      const line = rows[row] as number[];
      const factor = (line[column] as number) / (top[column] as number);
      for (let k = column; k <= n; k++) line[k] = (line[k] as number) - factor * (top[k] as number);
    }
  }
  return rows.map((row, i) => ((row[n] as number) / (row[i] as number)) * (scale[i] as number));
}
