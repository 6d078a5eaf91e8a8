/** Shared by all copies of this module in a process. */
const key: symbol = Symbol.for('inferometer.profilingInCode.v1');

interface Cell {
  /** Whether the app's code says who sees `/profiling`, or that nobody does: then no server answers it for the app. */
  isDecided: boolean;
}

const holder = globalThis as unknown as Record<symbol, Cell | undefined>;
holder[key] ??= { isDecided: false };

/** What the code of this process says of `/profiling`, which is nearer than `INFEROMETER_PROFILING`. */
export const profilingInCode: Cell = holder[key];
