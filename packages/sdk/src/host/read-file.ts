import { readFileSync } from 'node:fs';

/** Text of a file of the kernel's; undefined where there is none, or it tells nothing to us or on this machine. */
export type ReadFile = (path: string) => string | undefined;

/** @param root what stands before each path, for files that were recorded. @default none */
export function createReadFile(root = ''): ReadFile {
  return (path) => {
    try {
      return readFileSync(root + path, 'utf8');
    } catch {
      return undefined;
    }
  };
}

/** A number that a file consists of; undefined for others, such as `max`. */
export function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*-?\d+\s*$/.test(text) ? Number(text) : undefined;
}

/** Numbers by name, of lines of both. */
export function fieldsOf(text: string | undefined): ReadonlyMap<string, number> {
  const fields = new Map<string, number>();
  for (const line of text?.split('\n') ?? []) {
    const [name = '', value] = line.split(' ');
    if (value !== undefined && value !== '' && !Number.isNaN(Number(value))) fields.set(name, Number(value));
  }
  return fields;
}
