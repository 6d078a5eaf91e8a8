import type { Command } from 'commander';
import { createModelRegistry } from './models/registry.ts';
import type { ServeOptions } from './options.ts';
import { type Resolved, readServeOptions } from './serve-options.ts';
import type { Serving } from './service.ts';

/**
 * Starts the service with what flags, environment and file say.
 * @throws {InferometerError|RangeError} what cannot be followed, a line each
 */
export async function serve(command: Command): Promise<Serving> {
  const { options } = await readServeOptions(command);
  return serveModels(options, () => readServeOptions(command));
}

/**
 * Starts the service: executors first, then everything else while they come up; listens as soon as it can, so that
 * probes are answered while models load.
 * @param reread says anew what is to be served
 * @throws {InferometerError|RangeError} what cannot be followed, a line each
 */
export async function serveModels(options: ServeOptions, reread: () => Promise<Resolved>): Promise<Serving> {
  const registry = createModelRegistry(options.sources);
  try {
    // Express and the OpenTelemetry SDK take half a second of processor to load.
    const { startService } = await import('./service.ts');
    return await startService(options, registry, reread);
  } catch (error) {
    await registry.close();
    throw error;
  }
}
