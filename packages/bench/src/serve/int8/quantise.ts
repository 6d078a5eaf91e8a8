import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toolsCache } from '../../find-mini-lm.ts';

const script = fileURLToPath(new URL('../../../servers/quantise.py', import.meta.url));

/** For whoever misses the environment. */
export const howToQuantise = 'int8; needs the environment of the test clients: npm run parts -- python';

/**
 * The graph quantised to int8, made once and kept in the cache of the parts.
 * @returns undefined without the Python environment that makes it
 * @throws {Error} with what onnxruntime's quantiser printed
 */
export async function quantised(graph: string): Promise<string | undefined> {
  // Of how it is made, too.
  const hash = createHash('sha256').update(await readFile(script));
  for await (const chunk of createReadStream(graph)) hash.update(chunk as Buffer);
  const models = join(toolsCache(), 'models');
  const made = join(models, `int8-${hash.digest('hex').slice(0, 12)}.onnx`);
  if (existsSync(made)) return made;
  const python = join(toolsCache(), 'venv-clients', 'bin', 'python');
  if (!existsSync(python)) return undefined;
  await mkdir(models, { recursive: true });
  // Renamed when it is whole: a run that was stopped half-way must not leave half a model.
  const partial = `${made}.${process.pid}.onnx`;
  try {
    await promisify(execFile)(python, [script, graph, partial]);
    await rename(partial, made);
  } finally {
    await rm(partial, { force: true });
  }
  return made;
}
