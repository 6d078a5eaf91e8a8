import { type Context, context as contextApi } from '@opentelemetry/api';
import { installed } from '../installed.ts';

/**
 * Calls functions in a context. The way that always holds is AsyncLocalStorage's: it copies two maps a call, more than
 * all the rest of a phase. A function that is over when it returns needs none of it: the context manager answers with a
 * variable meanwhile. Which functions these are is learned by name: one whose calls have always been over when they
 * returned is taken for one, and should it begin to return promises after all, it is not again.
 *
 * That first promise's continuations find the context around the phase instead of the phase's own: spans made there
 * lie beside it. Times are right in any case.
 */
const learned = new Map<string, Learned>();

/** What is known of functions of one name. */
interface Learned {
  /** Calls in a row that were over when they returned; below all numbers once one was not. */
  calls: number;
}

/** Calls in a row after which a function is taken to be over when it returns. */
const enough = 16;
const never = Number.NEGATIVE_INFINITY;
const maxNames = 1000;
/** Names that come when there is no more room are never taken for it. */
const unknown: Learned = { calls: never };

/** What is known of functions of a name, to be passed to `callIn` and `learn`. */
export function learnedOf(name: string): Learned {
  const known = learned.get(name);
  if (known !== undefined) return known;
  if (learned.size >= maxNames) return unknown;
  const first: Learned = { calls: 0 };
  learned.set(name, first);
  return first;
}

/** @param stored AsyncLocalStorage's context now */
export function callIn<T>(context: Context, of: Learned, fn: () => T, stored: Context): T {
  if (installed.storedContext === undefined || of.calls < enough) return contextApi.with(context, fn);
  const { syncContext, syncBase } = installed;
  installed.syncContext = context;
  installed.syncBase = stored;
  try {
    return fn();
  } finally {
    installed.syncContext = syncContext;
    installed.syncBase = syncBase;
  }
}

/** Notes whether a call was over when it returned. */
export function learn(of: Learned, wasOver: boolean): void {
  if (!wasOver) of.calls = never;
  else if (of.calls < enough && of !== unknown) of.calls++;
}

/** AsyncLocalStorage's context; the API's own way looks its manager up twice a call. */
export function storedContext(): Context {
  return installed.storedContext === undefined ? contextApi.active() : installed.storedContext();
}

/** The active context. @param stored AsyncLocalStorage's */
export function activeContext(stored: Context): Context {
  const { syncContext } = installed;
  return syncContext !== undefined && stored === installed.syncBase ? syncContext : stored;
}
