import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * Where optimised graphs are kept.
 * @param given a directory, `off`, or empty for the user's cache directory
 * @returns empty where they are kept nowhere
 */
export function cacheDirOf(given: string): string {
  if (given === 'off') return '';
  if (given !== '') return resolve(given);
  const { XDG_CACHE_HOME: xdg } = process.env;
  // The specification wants relative ones ignored.
  if (xdg && isAbsolute(xdg)) return join(xdg, 'inferometer', 'models');
  try {
    return join(homedir(), '.cache', 'inferometer', 'models');
  } catch {
    // A user without a home directory, as in some containers.
    return '';
  }
}
