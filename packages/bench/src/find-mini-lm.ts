import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The cache of the parts of `npm run parts`. */
export function toolsCache(): string {
  return process.env.INFEROMETER_TOOLS || join(homedir(), '.cache', 'inferometer-tools');
}

/** The model that `examples/sbert` exports into the cache of the parts; undefined if it has not. */
export function findMiniLm(): string | undefined {
  const models = join(toolsCache(), 'models');
  if (!existsSync(models)) return undefined;
  const whole = /^all-MiniLM-L6-v2-[0-9a-f]+$/;
  const name = readdirSync(models).find((entry) => whole.test(entry));
  return name && join(models, name);
}
