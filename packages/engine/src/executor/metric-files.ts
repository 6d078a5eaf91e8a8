import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Memory rather than disk, where the system has such a place. */
const places = ['/dev/shm', tmpdir()];

let dir: string | undefined;
let next = 0;

/**
 * A path for an executor's metrics, in a directory that goes with this process.
 * @returns undefined where nothing can be written: then there are none
 */
export function newMetricFile(): string | undefined {
  dir ??= makeDir();
  return dir && join(dir, `executor-${next++}`);
}

function makeDir(): string | undefined {
  for (const place of places) {
    if (!existsSync(place)) continue;
    try {
      const made = mkdtempSync(join(place, `inferometer-${process.pid}-`));
      process.once('exit', () => rmSync(made, { recursive: true, force: true }));
      return made;
    } catch {
      // Read-only: the next place.
    }
  }
  return undefined;
}
