import { type AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { installed } from '@inferometer/core';
import type { Context, ContextManager } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/**
 * The stock context manager, which also answers with the context of a phase that will be over when its function returns
 * (see core's `sync-context.ts`). Whoever sets a context in such a phase sets it for what runs within, and a callback
 * that was bound elsewhere finds its own.
 */
export function createContextManager(): ContextManager {
  // The stock SDK enables only a context manager of its own making.
  return new PhaseAwareContextManager().enable();
}

class PhaseAwareContextManager extends AsyncLocalStorageContextManager {
  override enable(): this {
    installed.storedContext = () => super.active();
    installed.runRequest = <T>(context: Context, fn: () => T): T =>
      new AsyncResource('INFEROMETER').runInAsyncScope<PhaseAwareContextManager, T>(
        enterAndRun,
        this,
        context,
        fn,
      );
    return super.enable();
  }

  override disable(): this {
    installed.storedContext = undefined;
    installed.runRequest = undefined;
    return super.disable();
  }

  override active(): Context {
    const stored = super.active();
    const { syncContext } = installed;
    return syncContext !== undefined && stored === installed.syncBase ? syncContext : stored;
  }

  override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const { syncContext } = installed;
    if (syncContext === undefined) return super.with(context, fn, thisArg, ...args);
    // The context may be the very one that the phase was called in.
    installed.syncContext = undefined;
    try {
      return super.with(context, fn, thisArg, ...args);
    } finally {
      installed.syncContext = syncContext;
    }
  }

  override attach(context: Context): ReturnType<AsyncLocalStorageContextManager['attach']> {
    const { syncContext } = installed;
    installed.syncContext = undefined;
    const token = super.attach(context);
    return {
      dispose() {
        token.dispose();
        installed.syncContext = syncContext;
      },
    };
  }
}

/** Sets the context for the resource that it runs in, which is left as it was when that returns. */
function enterAndRun<T>(this: PhaseAwareContextManager, context: Context, fn: () => T): T {
  // The stock manager keeps its storage to itself.
  const { _asyncLocalStorage } = this as unknown as { _asyncLocalStorage: AsyncLocalStorage<Context> };
  _asyncLocalStorage.enterWith(context);
  return fn();
}
