import { readFile } from 'node:fs/promises';

/** What docs/metrics.md says of a metric. */
export interface Documented {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** Every metric in the tables of docs/metrics.md, in its order; a row may have several. */
export async function documentedMetrics(): Promise<Documented[]> {
  const page = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  return page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => {
      const [, names = '', type = '', labels = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      return codes(names)
        .filter((name) => /^[a-z_]+$/.test(name))
        .map((name) => ({ name, type, labels: labelsIn(labels) }));
    });
}

/** The labels of a cell such as `` `model`, `kind` = `some`, `full`; `scope` = `host` ``: their values are left out. */
function labelsIn(cell: string): string[] {
  return cell.split(';').flatMap((part) => {
    const [before = '', values] = part.split(' = ');
    return values === undefined ? codes(part) : codes(before);
  });
}

function codes(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);
}
