import { ATTR, type MonoMs, monoNow, SPAN } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import { type Optimising, optimiseGraph } from '../executor/optimise.ts';
import { tellSpans } from '../load/tell-load.ts';
import type { StartedModel } from '../started-model.ts';
import { isMissing } from './entry.ts';

/** The service itself comes first. */
const delayMs = 2000;

/**
 * Makes the optimised form of a model's graph beside its work, for the next start: this one has no use for it any more.
 * @returns undefined where there is nothing to make
 */
export function keepOptimised({ name, directory, optimised }: StartedModel): { stop(): void } | undefined {
  if (optimised === undefined || !isMissing(optimised)) return undefined;
  let optimising: Optimising | undefined;
  const timer = setTimeout(() => {
    const start = monoNow();
    optimising = optimiseGraph(directory.graph, optimised);
    void optimising.ended.then((wrong) => told(start, wrong));
  }, delayMs);
  timer.unref();
  const told = (start: MonoMs, wrong: string | undefined): void => {
    if (wrong !== undefined) {
      diag.debug(`the optimised form of ${directory.graph} cannot be kept in ${optimised}: ${wrong}`);
      return;
    }
    const phases = [{ name: 'optimise', start, end: monoNow() }] as const;
    tellSpans(SPAN.modelOptimise, phases, { [ATTR.model]: name });
  };
  return {
    stop() {
      clearTimeout(timer);
      optimising?.stop();
    },
  };
}
