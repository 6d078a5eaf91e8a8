import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Name and version of the application, as far as its package.json says them. */
export interface Service {
  readonly name: string | undefined;
  readonly version: string | undefined;
}

/**
 * What the package.json nearest above the main script says. A script within node_modules is a program that runs the
 * application (a test runner, `npx`): then it is the one above the working directory.
 * @param script `process.argv[1]`
 * @param directory working directory
 */
export function serviceOf(script: string | undefined, directory: string): Service {
  const isProgram = script === undefined || /[\\/]node_modules[\\/]/.test(script);
  let folder = isProgram ? directory : dirname(resolve(directory, script));
  for (;;) {
    const found = serviceAt(folder);
    if (found !== undefined) return found;
    const above = dirname(folder);
    if (above === folder) return { name: undefined, version: undefined };
    folder = above;
  }
}

/** @returns undefined where no package.json names a package; `{"type": "module"}` alone names none */
function serviceAt(folder: string): Service | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    if (typeof name !== 'string' || name === '') return undefined;
    return { name, version: typeof version === 'string' ? version : undefined };
  } catch {
    return undefined;
  }
}
