import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type CheckFinding, check } from './finding.ts';

/** Folders looked into, at most: a tree of packages has a few thousand. */
const maxFolders = 20_000;

/**
 * Copies of @opentelemetry/api that the application's packages can load. Of several, those that are newer than the
 * one which is loaded first get no telemetry, without a word.
 * @param directory of the application
 */
export function checkApiCopies(directory: string): CheckFinding {
  const name = '@opentelemetry/api';
  const copies = new Map<string, string>();
  for (const folder of nodeModulesAbove(directory)) collect(folder, copies, { left: maxFolders });
  const found = [...copies].map(([path, version]) => `${version} in ${path}`);
  if (found.length === 0) return check('ok', name, 'the application has no copy of its own');
  if (found.length === 1) return check('ok', name, `one copy: ${found[0]}`);
  const isSame = new Set(copies.values()).size === 1;
  const message = `${found.length} copies: ${found.join('; ')}${isSame ? '' : '; bring them to one version (npm dedupe)'}`;
  return check(isSame ? 'ok' : 'warning', name, message);
}

function nodeModulesAbove(directory: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = resolve(directory); ; folder = dirname(folder)) {
    folders.push(join(folder, 'node_modules'));
    if (dirname(folder) === folder) return folders;
  }
}

/** Looks through a node_modules, those within its packages, and pnpm's store. */
function collect(nodeModules: string, copies: Map<string, string>, budget: { left: number }): void {
  for (const entry of foldersIn(nodeModules)) {
    if (budget.left-- <= 0) return;
    const path = join(nodeModules, entry);
    if (entry === '.pnpm') {
      for (const stored of foldersIn(path)) {
        if (stored.startsWith('@opentelemetry+api@'))
          add(join(path, stored, 'node_modules/@opentelemetry/api'), copies);
      }
    } else if (entry.startsWith('@')) {
      if (entry === '@opentelemetry') add(join(path, 'api'), copies);
      for (const scoped of foldersIn(path)) collect(join(path, scoped, 'node_modules'), copies, budget);
    } else if (!entry.startsWith('.')) collect(join(path, 'node_modules'), copies, budget);
  }
}

function add(folder: string, copies: Map<string, string>): void {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    copies.set(realpathSync(folder), version);
  } catch {
    // Not there.
  }
}

/** Real folders: what links lead to in a workspace is the application itself, or counted where it lies. */
function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
