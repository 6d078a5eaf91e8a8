import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '@inferometer/core/base';
import { graphFile, isMissing, type Manifest, manifestPath, weightsFile } from './entry.ts';

/** A lock that is older was left behind by a process that died. */
const lockLimitMs = 10 * 60_000;
/** Entries that nobody has opened for so long are removed. */
const unusedLimitMs = 30 * 24 * 3_600_000;

/**
 * Makes an entry of the cache: in a directory of its own that is renamed into place when it is whole, so that nobody
 * ever sees half of one. Of several who want it at the same time one does it.
 * @param make writes the optimised graph and its weights to these paths, and fails if there is none
 * @returns whether there is an entry now that was not there before
 * @throws if the directory cannot be written
 */
export async function writeEntry(
  entry: string,
  source: string,
  make: (graph: string, weights: string) => Promise<void>,
): Promise<boolean> {
  const dir = dirname(entry);
  mkdirSync(dir, { recursive: true });
  const lock = `${entry}.lock`;
  if (!isMissing(entry) || !take(lock)) return false;
  const work = `${entry}.${process.pid}.tmp`;
  try {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work);
    let failed: string | undefined;
    try {
      await make(join(work, graphFile), weightsFile);
    } catch (error) {
      // Kept as an entry without a graph: else each start would try again.
      failed = messageOf(error);
      for (const name of readdirSync(work)) rmSync(join(work, name), { recursive: true });
    }
    const files = Object.fromEntries(
      readdirSync(work).map((name) => [name, statSync(join(work, name)).size]),
    );
    const manifest: Manifest = { source, files, ...(failed === undefined ? {} : { failed }) };
    writeFileSync(manifestPath(work), `${JSON.stringify(manifest, null, 2)}\n`);
    renameSync(work, entry);
    prune(dir);
    return failed === undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(lock, { recursive: true, force: true });
  }
}

/** @returns false if somebody else has it */
function take(lock: string): boolean {
  for (const attempt of ['first', 'second']) {
    try {
      mkdirSync(lock);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const stat = statSync(lock, { throwIfNoEntry: false });
      if (attempt === 'second' || (stat && Date.now() - stat.mtimeMs < lockLimitMs)) return false;
      rmSync(lock, { recursive: true, force: true });
    }
  }
  return false;
}

function prune(dir: string): void {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > unusedLimitMs) rmSync(path, { recursive: true, force: true });
  }
}
