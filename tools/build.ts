/**
 * Builds the packages: TypeScript by project references, the page by Vite where its sources are newer than its output.
 * `--quiet` prints nothing unless something fails.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const quiet = process.argv.includes('--quiet');

function run(name: string, args: readonly string[], cwd: string): void {
  const started = performance.now();
  const bin = join(root, 'node_modules', '.bin', name);
  const { status, stdout, stderr, error } = spawnSync(bin, args, { cwd, encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(
      `${name} ${args.join(' ')} failed\n${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n`,
    );
    process.exit(status ?? 1);
  }
  if (!quiet)
    process.stdout.write(`${name} ${args.join(' ')}: ${Math.round(performance.now() - started)} ms\n`);
}

/** Newest change below a folder, ms since the epoch. */
function newest(dir: string): number {
  const entries = readdirSync(dir, { withFileTypes: true, recursive: true });
  return Math.max(
    0,
    ...entries.filter((it) => it.isFile()).map((it) => statSync(join(it.parentPath, it.name)).mtimeMs),
  );
}

run('tsc', ['-b'], root);

const page = join(root, 'packages/server/page');
const built = join(root, 'packages/server/dist/page/index.html');
if (existsSync(page) && (!existsSync(built) || statSync(built).mtimeMs < newest(page))) {
  run('vite', ['build', '--logLevel', 'warn'], page);
}
