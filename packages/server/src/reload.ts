import { messageOf } from '@inferometer/core';
import type { Logger } from 'pino';
import type { ModelRegistry } from './models/registry.ts';
import type { ServeOptions } from './options.ts';

/**
 * Follows the configuration as it is now: models that are new or whose files or options have changed are loaded, those
 * that are gone unloaded. Never throws: what is wrong is logged, and all goes on as before.
 * @param running what the server was started with
 * @param read reads flags, environment and file anew
 */
export async function reload(
  registry: ModelRegistry,
  running: ServeOptions,
  read: () => Promise<ServeOptions>,
  log: Logger,
): Promise<void> {
  try {
    const options = await read();
    const changed = changedSettings(running, options);
    if (changed.length > 0) log.warn(`${changed.join(', ')} changed: only a restart follows them`);
    const { loaded, unloaded, errors } = await registry.follow(options.sources);
    for (const error of errors) log.error(error);
    log.info({ loaded, unloaded, failed: errors.length }, 'configuration reloaded');
  } catch (error) {
    log.error(`the configuration is not reloaded: ${messageOf(error)}`);
  }
}

function changedSettings(before: ServeOptions, now: ServeOptions): string[] {
  return Object.keys(now).filter((key) => {
    const name = key as keyof ServeOptions;
    return name !== 'sources' && JSON.stringify(before[name]) !== JSON.stringify(now[name]);
  });
}
