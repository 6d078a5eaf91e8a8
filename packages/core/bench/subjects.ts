import {
  createMetricMemory,
  createTelemetry,
  type HistogramSeries,
  installTelemetry,
  phase,
  trace,
} from '@inferometer/core';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** What is measured: so many calls in a run. */
export interface Subject {
  readonly perRun: number;
  /** A promise only where calls are asynchronous. */
  run(): Promise<void> | undefined;
}

const nothing = (): void => {};
const soon = async (): Promise<void> => {};
const many = 10_000;

function start(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  installTelemetry(createTelemetry());
}

/** Calls in a row, in requests of eight. */
function inRequests(each: () => void): Subject {
  start();
  const request = (): void => {
    for (let i = 0; i < 8; i++) each();
  };
  return {
    perRun: many,
    run() {
      for (let i = 0; i < many / 8; i++) trace('work', request);
      return undefined;
    },
  };
}

function histogram(): HistogramSeries {
  const bounds = Array.from({ length: 18 }, (_, i) => 0.00001 * 2 ** i);
  return createMetricMemory().histogram({ name: 'h', help: 'H.', bounds }).of();
}

function repeated(call: (i: number) => void): Subject {
  return {
    perRun: many,
    run() {
      for (let i = 0; i < many; i++) call(i);
      return undefined;
    },
  };
}

/** By the name of their row. */
export const subjects = {
  'plain call': () => repeated(() => nothing()),
  'phase, telemetry off': () => repeated(() => phase('run', nothing)),
  'phase, outside of a request': () => {
    start();
    return repeated(() => phase('run', nothing));
  },
  'empty request, an eighth': () => inRequests(() => {}),
  'phase in a request, with an eighth of it': () => inRequests(() => phase('run', nothing)),
  'asynchronous phase in a request, with an eighth of it': () => {
    start();
    const request = async (): Promise<void> => {
      for (let i = 0; i < 8; i++) await phase('run', soon);
    };
    return {
      perRun: many,
      async run() {
        for (let i = 0; i < many / 8; i++) await trace('work', request);
      },
    };
  },
  observe: () => {
    const series = histogram();
    return repeated((i) => series.observe((1 + (i & 1023)) * 0.00001));
  },
  'observe with an exemplar': () => {
    const series = histogram();
    const ids = { t0: 1, t1: 2, t2: 3, t3: 4, s0: 5, s1: 6 };
    return repeated((i) => series.observeIn((1 + (i & 1023)) * 0.00001, ids, 1));
  },
  'find a series by two labels': () => {
    const family = createMetricMemory().counter({ name: 'c_total', help: 'C.', labels: ['a', 'b'] });
    const values = Array.from({ length: 16 }, (_, i) => `value ${i}`);
    return repeated((i) => void family.of(values[i & 15], values[(i >> 4) & 15]));
  },
} satisfies Record<string, () => Subject>;
