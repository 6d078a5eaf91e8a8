import { existsSync, globSync } from 'node:fs';
import { resolve } from 'node:path';
import { findProgram, isExecutable } from '../process/find-program.ts';
import { type PartName, partNames, partRecipes, partsCache } from './table.ts';

export interface Part {
  readonly name: PartName;
  /** Absolute path of the program, or of the archive. */
  readonly path: string;
}

/**
 * The part on this machine, undefined if it is not there. INFEROMETER_PART_<NAME> (INFEROMETER_PART_KUBE_APISERVER)
 * names a program to take instead.
 * @throws {Error} if that variable names something that is not a program
 */
export function findPart(name: PartName): Part | undefined {
  const variable = `INFEROMETER_PART_${name.toUpperCase().replaceAll('-', '_')}`;
  const chosen = process.env[variable];
  if (chosen) {
    if (!isExecutable(chosen)) throw new Error(`${variable} must name a program, got ${chosen}`);
    return { name, path: chosen };
  }
  for (const place of partRecipes[name].places) {
    const path = candidates(place)
      .map((candidate) => (candidate.endsWith('.tar') ? archive(candidate) : findProgram(candidate)))
      .find(Boolean);
    if (path !== undefined) return { name, path };
  }
  return undefined;
}

function archive(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

/** What a place stands for, in the order in which it is tried. */
function candidates(place: string): string[] {
  if (!place.includes('/')) return [place];
  const path = resolve(partsCache(), place);
  if (!path.includes('*')) return [path];
  return globSync(path).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}

/** @throws {Error} if the part is not on this machine, with how to get it */
export function requirePart(name: PartName): Part {
  const part = findPart(name);
  if (part === undefined) throw new Error(`${name} is not on this machine; get it with: ${howToGet(name)}`);
  return part;
}

/** The parts of `names` that are not on this machine. */
export function missingParts(names: readonly PartName[] = partNames): PartName[] {
  return names.filter((name) => findPart(name) === undefined);
}

/** The command that gets a part, and what it takes: `npm run parts -- helm (Go 1.26, about 2 minutes)`. */
export function howToGet(name: PartName): string {
  return `npm run parts -- ${name} (${partRecipes[name].takes})`;
}
