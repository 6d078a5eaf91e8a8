import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toolsCache } from '../find-mini-lm.ts';

/** Workspaces of `tools/parts/rivals`. */
export type Rival = 'stock' | 'auto-instrumentations-node' | 'elastic' | 'express-prom-bundle';

/** For whoever misses them. */
export const howToGetRivals = 'get them with: npm run parts -- rivals (npm, about a minute)';

/** The folder in which `npm run parts -- rivals` installed them; undefined if it did not. */
export function findRivals(): string | undefined {
  const folder = join(toolsCache(), 'rivals');
  return existsSync(join(folder, 'node_modules', 'express')) ? folder : undefined;
}
