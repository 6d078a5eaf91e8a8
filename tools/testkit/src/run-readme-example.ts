import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunResult, runProgram } from './process/run-program.ts';

/**
 * Runs the first example of a folder's README.md that is followed by its output.
 * @returns what it did, and what the README says that it prints
 */
export async function runReadmeExample(
  folder: string,
): Promise<RunResult & { readonly promised: string | undefined }> {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [, example, promised] = /```js\n(.*?)```\n\n```\n(.*?)```/s.exec(readme) ?? [];
  const args = ['--input-type=module', '--eval', example ?? ''];
  return { ...(await runProgram(process.execPath, args, { cwd: folder })), promised };
}
