import { type Context, createContextKey, type Span, trace as traceApi } from '@opentelemetry/api';
import type { LiveTrace } from './live-trace.ts';
import type { PhaseEntry } from './phase-entry.ts';

/** The API keeps its key for the active span to itself, but gives it away to a context that is asked to hold one. */
const spanKey: symbol = (() => {
  let key: symbol | undefined;
  const spy: Context = {
    getValue: () => undefined,
    setValue(asked) {
      key = asked;
      return spy;
    },
    deleteValue: () => spy,
  };
  traceApi.setSpan(spy, {} as Span);
  if (key === undefined) throw new Error('the OpenTelemetry API sets no span on a context');
  return key;
})();

const traceKey: symbol = createContextKey('inferometer trace');

/**
 * The context within a request; a phase's is its entry. It answers for its span, which is made only when somebody asks;
 * for all else the context around it does. One small object, where the stock context copies a map for each value that is
 * set.
 */
export class TraceContext implements Context {
  readonly outer: Context;
  readonly trace: LiveTrace;

  constructor(outer: Context, trace: LiveTrace) {
    this.outer = outer;
    this.trace = trace;
  }

  get entry(): PhaseEntry | undefined {
    return undefined;
  }

  /** It is the place of one request. */
  get all(): undefined {
    return undefined;
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return this.trace.spanOf(this.entry);
    if (key === traceKey) return this;
    return this.outer.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new ValueContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new ValueContext(this, key, undefined);
  }
}

class ValueContext implements Context {
  readonly #parent: Context;
  readonly #key: symbol;
  readonly #value: unknown;

  constructor(parent: Context, key: symbol, value: unknown) {
    this.#parent = parent;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new ValueContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new ValueContext(this, key, undefined);
  }
}

/** Where one is: in which request, and in which of its phases. */
export interface TracePlace {
  readonly trace: LiveTrace;
  readonly entry: PhaseEntry | undefined;
  /** Within a batch of several requests: all of them, this one included. */
  readonly all?: readonly TracePlace[] | undefined;
}

/** The context within a batch of several requests. No span is active: which of theirs should it be? */
class BatchContext implements Context {
  readonly #parent: Context;
  readonly all: readonly TracePlace[];
  readonly trace: LiveTrace;
  readonly entry: PhaseEntry | undefined;

  constructor(parent: Context, all: readonly [TracePlace, ...TracePlace[]]) {
    this.#parent = parent;
    this.all = all;
    this.trace = all[0].trace;
    this.entry = all[0].entry;
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return undefined;
    if (key === traceKey) return this;
    return this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new ValueContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new ValueContext(this, key, undefined);
  }
}

/** The context of work that is done for all of these phases at once; of one for none of them. */
export function contextOfAll(outer: Context, entries: readonly PhaseEntry[]): Context {
  const [first, ...others] = entries;
  if (first === undefined) return new ValueContext(outer, traceKey, undefined).setValue(spanKey, undefined);
  return others.length === 0 ? first : new BatchContext(outer, [first, ...others]);
}

/** The request and phase that a context belongs to. */
export function placeOf(context: Context): TracePlace | undefined {
  if (context instanceof TraceContext) return context;
  return context.getValue(traceKey) as TracePlace | undefined;
}
