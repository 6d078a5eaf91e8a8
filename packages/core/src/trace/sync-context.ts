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
const callsInARow = new Map<string, number>();

/** Calls in a row after which a function is taken to be over when it returns. */
const enough = 16;
const never = Number.NEGATIVE_INFINITY;
const maxNames = 1000;

export function callIn<T>(context: Context, name: string, fn: () => T): T {
  const { storedContext, syncContext, syncBase } = installed;
  if (storedContext === undefined || (callsInARow.get(name) ?? 0) < enough)
    return contextApi.with(context, fn);
  installed.syncContext = context;
  installed.syncBase = storedContext();
  try {
    return fn();
  } finally {
    installed.syncContext = syncContext;
    installed.syncBase = syncBase;
  }
}

/** Notes whether a call was over when it returned. */
export function learn(name: string, wasOver: boolean): void {
  const calls = callsInARow.get(name);
  // Names that come when there is no more room are never taken for it.
  if (calls === undefined && callsInARow.size >= maxNames) return;
  if (!wasOver) callsInARow.set(name, never);
  else if (calls === undefined) callsInARow.set(name, 1);
  else if (calls < enough) callsInARow.set(name, calls + 1);
}
