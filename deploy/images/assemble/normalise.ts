import { chmodSync, lutimesSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Gives everything below a folder one time and one of two modes: runs and folders 755, else 644. */
export function normalise(root: string, timeS: number): void {
  for (const it of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, it.name);
    if (it.isDirectory()) normalise(path, timeS);
    if (!it.isSymbolicLink())
      chmodSync(path, it.isDirectory() || (statSync(path).mode & 0o100) !== 0 ? 0o755 : 0o644);
    lutimesSync(path, timeS, timeS);
  }
  lutimesSync(root, timeS, timeS);
}
