/** How bare onnxruntime is run. */
export interface Shape extends Layout {
  /** Texts in one run, integer >= 1. */
  readonly batchSize: number;
  readonly grouping: Grouping;
}

/** Processes, each with its own session, and threads within an operator of each. */
export interface Layout {
  readonly executors: number;
  readonly threads: number;
}

/** Batches of texts as they come, or of neighbours by length. */
export type Grouping = 'as they come' | 'by length';

/** All layouts that no core is shared in, powers of two; those that leave cores idle come last. */
export function layoutsOf(cores: number): Layout[] {
  const layouts: Layout[] = [];
  for (let executors = 1; executors <= cores; executors *= 2) {
    for (let threads = 1; executors * threads <= cores; threads *= 2) layouts.push({ executors, threads });
  }
  return layouts.sort((a, b) => b.executors * b.threads - a.executors * a.threads);
}

/** Grouping is no choice where every batch has one text. */
export function shapesOf(layout: Layout, batchSizes: readonly number[]): Shape[] {
  return batchSizes.flatMap((batchSize) => {
    const groupings: readonly Grouping[] = batchSize === 1 ? ['as they come'] : ['as they come', 'by length'];
    return groupings.map((grouping) => ({ ...layout, batchSize, grouping }));
  });
}

export function nameOfShape(shape: Shape): string {
  const { executors, threads, batchSize, grouping } = shape;
  const grouped = batchSize === 1 ? '' : `, ${grouping}`;
  return `${executors} × ${threads} thread${threads === 1 ? '' : 's'}, batch ${batchSize}${grouped}`;
}

/**
 * Batches of a shape, dealt out to its executors in turn.
 * @param texts token ids, shape [texts][tokens]
 * @param order puts the batches in the order in which they are run
 * @returns shape [executors][batches][rows][tokens]
 */
export function dealBatches<Text extends { readonly length: number }>(
  texts: readonly Text[],
  shape: Shape,
  order: (batches: readonly Text[][]) => Text[][],
): Text[][][] {
  const sequence =
    shape.grouping === 'by length' ? texts.toSorted((a, b) => a.length - b.length) : [...texts];
  const batches: Text[][] = [];
  for (let at = 0; at < sequence.length; at += shape.batchSize) {
    batches.push(sequence.slice(at, at + shape.batchSize));
  }
  const hands: Text[][][] = Array.from({ length: shape.executors }, () => []);
  // Dealt before they are shuffled: each hand has as many long ones as the others.
  batches.forEach((batch, index) => {
    hands[index % hands.length]?.push(batch);
  });
  return hands.map((hand) => order(hand));
}
