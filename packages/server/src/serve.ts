import { createModelRegistry, type ModelRegistry } from './models/registry.ts';
import { bundledModels, checkSpecs } from './models/spec.ts';
import type { ServeOptions } from './options.ts';
import type { Serving } from './service.ts';

/**
 * Starts the service: executors first, then everything else while they come up; listens as soon as it can, so that
 * probes are answered while models load.
 * @throws {InferometerError|RangeError} one line for what cannot be followed
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const specs = options.models.length > 0 ? options.models : bundledModels;
  checkSpecs(specs);
  const registry: ModelRegistry = createModelRegistry(specs, options.model);
  try {
    // Express and the OpenTelemetry SDK take half a second of processor to load.
    const { startService } = await import('./service.ts');
    return await startService(options, registry);
  } catch (error) {
    await registry.close();
    throw error;
  }
}
