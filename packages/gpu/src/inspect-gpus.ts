import { findNvml } from './find-library.ts';
import type { FromReader } from './process/messages.ts';
import type { GpuReading } from './reading.ts';
import { startReader } from './watch-gpus.ts';

/** What one look at the GPUs finds. */
export interface GpuInspection {
  readonly library: string | undefined;
  readonly driverVersion: string | undefined;
  readonly devices: readonly GpuReading[];
  /** Why there are none. */
  readonly problem: string | undefined;
}

/**
 * Looks once, in a process of its own, which is ended if the driver hangs.
 * @param timeoutMs for the whole look
 */
export async function inspectGpus(
  env: NodeJS.ProcessEnv,
  scope: 'own' | 'all',
  timeoutMs: number,
): Promise<GpuInspection> {
  const { library, looked } = findNvml(env);
  let driverVersion: string | undefined;
  const none = (problem: string): GpuInspection => ({ library, driverVersion, devices: [], problem });
  if (library === undefined) return none(`there is no NVIDIA library (${looked})`);
  return new Promise((resolve) => {
    const child = startReader({ library, scope, intervalMs: 1000, env }, { once: true }, (error) =>
      resolve(none(error)),
    );
    if (child === undefined) return;
    const limit = setTimeout(() => {
      resolve(none(`the driver has not answered for ${timeoutMs} ms`));
      child.kill('SIGKILL');
    }, timeoutMs);
    child.on('message', (message: FromReader) => {
      if (message.type === 'opened') ({ driverVersion } = message);
      else if (message.type === 'unavailable') resolve(none(message.message));
      else if (message.type === 'polled') {
        resolve({ library, driverVersion, devices: message.devices, problem: undefined });
      }
    });
    child.on('exit', (exitCode, signal) => {
      clearTimeout(limit);
      resolve(none(`the reading process ended with ${signal ?? exitCode}`));
    });
  });
}
