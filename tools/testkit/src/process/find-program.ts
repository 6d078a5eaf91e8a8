import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/** The absolute path of a program, looked for on PATH unless the name holds a slash; undefined if there is none. */
export function findProgram(
  command: string,
  path: string | undefined = process.env.PATH,
): string | undefined {
  if (command.includes('/')) return isExecutable(resolve(command)) ? resolve(command) : undefined;
  return (path ?? '')
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, command))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
