import type { Context } from '@opentelemetry/api';
import type { Telemetry } from './telemetry.ts';

/** Shared by all copies of this module in a process: an app's and a library's, an ES module's and a CommonJS one's. */
const key: symbol = Symbol.for('inferometer.installed.v2');

interface Cell {
  telemetry: Telemetry | undefined;
  /** AsyncLocalStorage's context, of a context manager that takes `syncContext` into account. */
  storedContext: (() => Context) | undefined;
  /**
   * Runs a function in a context of its own, as `context.with` does, in half the time: that copies a map of all contexts
   * when it begins and again when it ends.
   */
  runRequest: (<T>(context: Context, fn: () => T) => T) | undefined;
  /** The context of a function that is running, and will be over when it returns. */
  syncContext: Context | undefined;
  /** The stored context that it was called in: where another one is stored, something else is running within. */
  syncBase: Context | undefined;
}

const holder = globalThis as unknown as Record<symbol, Cell | undefined>;
holder[key] ??= {
  telemetry: undefined,
  storedContext: undefined,
  runRequest: undefined,
  syncContext: undefined,
  syncBase: undefined,
};

/** What `phase()` and `trace()` record into. */
export const installed: Cell = holder[key];

/** Makes telemetry the one that `phase()` and `trace()` record into; undefined makes them do nothing again. */
export function installTelemetry(telemetry: Telemetry | undefined): void {
  installed.telemetry = telemetry;
}
