import { rmSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onExit } from './process/on-exit.ts';

export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** The path of a file in it. */
  file(name: string): string;
}

/** A new empty folder, removed with all it holds when disposed of or when this process exits. */
export async function tempDir(name: string): Promise<TempDir> {
  const path = await realpath(await mkdtemp(join(tmpdir(), `inferometer-${name}-`)));
  // A part that was killed a moment ago may still be writing: hence the retries.
  const options = { recursive: true, force: true, maxRetries: 5 };
  const forget = onExit(() => rmSync(path, options));
  return {
    path,
    file: (file) => join(path, file),
    async [Symbol.asyncDispose]() {
      await rm(path, options);
      forget();
    },
  };
}
