import type { OpenRequest, Telemetry } from '@inferometer/core';
import type { Control } from '../shared/control.ts';

/** Estimates what telemetry costs the main thread. */
export interface MainCost {
  /** The same telemetry, one request in 64 of which is timed as it opens and closes. */
  watch(telemetry: Telemetry): Telemetry;
  /** Has requests told of when this turn of the event loop is over, and times all of it. */
  readonly schedule: (settle: () => void) => void;
}

const every = 64;

export function createMainCost(control: Control): MainCost {
  const timed = <T>(fn: () => T, times: number): T => {
    const start = performance.now();
    const result = fn();
    control.add('mainCostSeconds', ((performance.now() - start) / 1000) * times);
    return result;
  };
  return {
    schedule: (settle) => void setImmediate(() => timed(settle, 1)),
    watch(telemetry) {
      let count = 0;
      return {
        ...telemetry,
        get ring() {
          return telemetry.ring;
        },
        openRequest(request) {
          if (++count % every !== 0) return telemetry.openRequest(request);
          const opened = timed(() => telemetry.openRequest(request), every);
          return {
            trace: opened.trace,
            context: opened.context,
            close: (outcome) => timed(() => opened.close(outcome), every),
          } satisfies OpenRequest;
        },
      };
    },
  };
}
