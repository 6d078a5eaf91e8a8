import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Workspaces of `tools/parts/rivals`. */
export type Rival = 'stock' | 'auto-instrumentations-node' | 'elastic' | 'express-prom-bundle';

/** For whoever misses them. */
export const howToGetRivals = 'get them with: npm run parts -- rivals (npm, about a minute)';

/** The folder in which `npm run parts -- rivals` installed them; undefined if it did not. */
export function findRivals(): string | undefined {
  const cache = process.env.INFEROMETER_TOOLS || join(homedir(), '.cache', 'inferometer-tools');
  const folder = join(cache, 'rivals');
  return existsSync(join(folder, 'node_modules', 'express')) ? folder : undefined;
}
