import type { OpenRequest, Telemetry } from '@inferometer/core';
import type { Control } from '../shared/control.ts';

/** Estimates what telemetry costs the main thread. */
export interface MainCost {
  /** The same telemetry, one request in 64 of which is timed as it opens and closes. */
  watch(telemetry: Telemetry): Telemetry;
}

const every = 64;

export function createMainCost(control: Control): MainCost {
  return {
    watch(telemetry) {
      let count = 0;
      const timed = <T>(fn: () => T): T => {
        const start = performance.now();
        const result = fn();
        control.add('mainCostSeconds', ((performance.now() - start) / 1000) * every);
        return result;
      };
      return {
        ...telemetry,
        openRequest(request) {
          if (++count % every !== 0) return telemetry.openRequest(request);
          const opened = timed(() => telemetry.openRequest(request));
          return {
            trace: opened.trace,
            context: opened.context,
            close: (outcome) => timed(() => opened.close(outcome)),
          } satisfies OpenRequest;
        },
      };
    },
  };
}
