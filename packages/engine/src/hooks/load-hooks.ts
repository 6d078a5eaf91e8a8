import { messageOf } from '@inferometer/core/base';
import type { HookName, PipelineHooks } from './contract.ts';

export const hookNames: readonly HookName[] = ['preprocess', 'postprocess'];

/**
 * Loads the hooks that a module exports.
 * @param url of the module
 * @throws {Error} if it cannot be loaded, or exports neither hook, or something else under their names
 */
export async function loadHooks(url: string): Promise<PipelineHooks> {
  let module: Record<string, unknown>;
  try {
    module = (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`hooks ${url} cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
  const there = hookNames.filter((name) => module[name] !== undefined);
  const wrong = there.find((name) => typeof module[name] !== 'function');
  if (wrong) throw new Error(`hooks ${url}: ${wrong} must be a function, got ${typeof module[wrong]}`);
  if (there.length === 0) throw new Error(`hooks ${url} exports neither ${hookNames.join(' nor ')}`);
  return Object.fromEntries(there.map((name) => [name, module[name]]));
}
