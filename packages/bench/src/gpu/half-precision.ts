import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toolsCache } from '../find-mini-lm.ts';

const script = fileURLToPath(new URL('../../servers/half.py', import.meta.url));

/**
 * Makes a graph in 16 bits of one in 32.
 * @returns undefined without the Python environment that makes it (`npm run parts -- python`)
 * @throws {Error} with what the converter printed
 */
export async function halved(graph: string, to: string): Promise<string | undefined> {
  const python = join(toolsCache(), 'venv-clients', 'bin', 'python');
  if (!existsSync(python)) return undefined;
  await promisify(execFile)(python, [script, graph, to]);
  return to;
}
