import { context as contextApi } from '@opentelemetry/api';
import { type PartsObserver, PartsState } from './observer.ts';

/**
 * Watches a generator by methods of its own in front of its prototype's: it stays what it is for whoever has it, and
 * `for`, `yield*` and spreading ask for them by name.
 */
export function watchGenerator(inner: Generator, observer: PartsObserver): void {
  const state = new PartsState(observer);
  const step = (run: () => IteratorResult<unknown>): IteratorResult<unknown> => {
    // One that calls itself while it runs gets the error that it would get anyway.
    if (state.hasEnded || state.isWorking) return run();
    state.begin();
    try {
      const result = contextApi.with(state.context, run);
      state.finish(result.done !== true);
      if (result.done) state.end();
      return result;
    } catch (error) {
      state.end(error);
      throw error;
    }
  };
  putInFront(inner, step);
}

/** The same for an async generator, of which several parts can be asked for at the same time. */
export function watchAsyncGenerator(inner: AsyncGenerator, observer: PartsObserver): void {
  const state = new PartsState(observer);
  const step = (run: () => Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> => {
    if (state.hasEnded) return run();
    state.begin();
    return contextApi.with(state.context, run).then(
      (result) => {
        state.finish(result.done !== true);
        if (result.done) state.end();
        return result;
      },
      (error: unknown) => {
        state.end(error);
        throw error;
      },
    );
  };
  putInFront(inner, step);
}

/** Has each of a generator's methods run in a step. */
function putInFront<R>(
  inner: { next(value?: unknown): R; return(value?: unknown): R; throw(error: unknown): R },
  step: (run: () => R) => R,
): void {
  for (const name of ['next', 'return', 'throw'] as const) {
    const method = inner[name].bind(inner) as (value?: unknown) => R;
    const value = (given?: unknown): R => step(() => method(given));
    Object.defineProperty(inner, name, { value, writable: true, configurable: true });
  }
}
