import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Lends an empty file below the system's directory for such. It loses its name at once, so that nothing of it is left
 * however this ends: not after a failure, and not after the process was killed.
 * @throws {Error} of the file system
 */
export async function withTempFile<T>(use: (file: FileHandle) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `inferometer-${randomUUID()}`);
  // For nobody else: uploads are their senders' business.
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    return await use(file);
  } finally {
    await file.close();
  }
}
