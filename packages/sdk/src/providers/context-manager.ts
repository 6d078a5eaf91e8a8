import { installed } from '@inferometer/core';
import type { Context, ContextManager } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/**
 * The stock context manager, which also answers with the context of a phase that will be over when its function returns
 * (see core's `sync-context.ts`). Whoever sets a context in such a phase sets it for what runs within.
 */
export function createContextManager(): ContextManager {
  installed.hasSyncContext = true;
  return new PhaseAwareContextManager();
}

class PhaseAwareContextManager extends AsyncLocalStorageContextManager {
  override active(): Context {
    return installed.syncContext ?? super.active();
  }

  override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const before = installed.syncContext;
    if (before === undefined) return super.with(context, fn, thisArg, ...args);
    installed.syncContext = undefined;
    try {
      return super.with(context, fn, thisArg, ...args);
    } finally {
      installed.syncContext = before;
    }
  }

  override attach(context: Context): ReturnType<AsyncLocalStorageContextManager['attach']> {
    const before = installed.syncContext;
    installed.syncContext = undefined;
    const token = super.attach(context);
    return {
      dispose() {
        token.dispose();
        installed.syncContext = before;
      },
    };
  }

  override disable(): this {
    installed.hasSyncContext = false;
    return super.disable();
  }
}
