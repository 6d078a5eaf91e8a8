import { diag } from '@opentelemetry/api';
import {
  type Instrumentation,
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
} from '@opentelemetry/instrumentation';

/** The part of prom-client's registry that tells it from anything else. */
export interface PromRegistryLike {
  metrics(): Promise<string>;
  getMetricsAsJSON(): Promise<unknown>;
}

interface PromClientLike {
  readonly register?: PromRegistryLike;
  readonly default?: { readonly register?: PromRegistryLike };
}

/**
 * Hands over the default registry of each copy of prom-client that the application loads, by `import` or by
 * `require`, once. Nothing in prom-client is changed.
 */
export function createPromClientInstrumentation(
  version: string,
  onRegistry: (registry: PromRegistryLike) => void,
): Instrumentation {
  const seen = new WeakSet<PromRegistryLike>();
  const found = (exports: PromClientLike): PromClientLike => {
    const registry = exports.register ?? exports.default?.register;
    if (registry === undefined || seen.has(registry)) return exports;
    seen.add(registry);
    try {
      onRegistry(registry);
    } catch (error) {
      // The application is in the middle of an import.
      diag.error(`the registry of prom-client is not exposed: ${error}`);
    }
    return exports;
  };
  class PromClientInstrumentation extends InstrumentationBase {
    protected override init(): InstrumentationNodeModuleDefinition {
      return new InstrumentationNodeModuleDefinition('prom-client', ['>=14.0.0'], found);
    }
  }
  return new PromClientInstrumentation('@inferometer/instrumentation-prom-client', version, {});
}
