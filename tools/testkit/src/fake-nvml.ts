import { rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { requirePart } from './parts/find-part.ts';
import { runProgram } from './process/run-program.ts';
import { type TempDir, tempDir } from './temp-dir.ts';

/** NVIDIA's management library without a GPU, which says what a script says. */
export interface FakeNvml extends AsyncDisposable {
  /** Path of the library. */
  readonly library: string;
  /** Environment of a process that is to read it. */
  readonly env: Readonly<Record<'INFEROMETER_NVML_LIBRARY' | 'FAKE_NVML_SCRIPT', string>>;
  /** Replaces the script; a process that reads the library sees it with its next call. */
  say(script: string): Promise<void>;
}

const source = fileURLToPath(new URL('../../../packages/gpu/test/fake-nvml/fake-nvml.c', import.meta.url));

let built: Promise<{ readonly folder: TempDir; readonly path: string }> | undefined;

/**
 * Path of a fake `libnvidia-ml.so.1`, compiled once in a process and removed with it. Without `FAKE_NVML_SCRIPT` it has
 * one busy device.
 * @throws {Error} if there is no C compiler, or it fails
 */
export async function buildFakeNvml(): Promise<string> {
  built ??= build('libnvidia-ml.so.1', []);
  return (await built).path;
}

/** A fake library as an old driver has it, without these functions. */
export async function buildOldNvml(without: readonly string[]): Promise<string> {
  const folder = await tempDir('old-nvml');
  const map = folder.file('exports.map');
  await writeFile(map, `{ global: nvml*; local: ${without.map((name) => `${name};`).join(' ')} };\n`);
  return (await build('libnvidia-ml.so.1', [`-Wl,--version-script=${map}`])).path;
}

async function build(name: string, options: readonly string[]): Promise<{ folder: TempDir; path: string }> {
  const folder = await tempDir('fake-nvml');
  const path = folder.file(name);
  const args = [
    '-O1',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-shared',
    '-fPIC',
    ...options,
    '-o',
    path,
    source,
    '-lpthread',
  ];
  const { code, stderr } = await runProgram(requirePart('cc').path, args);
  if (code !== 0) throw new Error(`cc ended with ${code}:\n${stderr}`);
  return { folder, path };
}

/** A fake library with a script of its own. Its grammar: packages/gpu/test/fake-nvml/README.md */
export async function startFakeNvml(script: string): Promise<FakeNvml> {
  const library = await buildFakeNvml();
  const folder = await tempDir('nvml-script');
  const path = folder.file('script');
  await writeFile(path, script);
  return {
    library,
    env: { INFEROMETER_NVML_LIBRARY: library, FAKE_NVML_SCRIPT: path },
    async say(next) {
      // Renamed into its place: half a script would be read as one that has fewer devices.
      await writeFile(`${path}.next`, next);
      await rename(`${path}.next`, path);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
