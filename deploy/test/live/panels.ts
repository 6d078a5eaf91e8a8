import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../../grafana/dashboards/', import.meta.url);

/** The queries of all panels, with their variables. */
const queries: readonly string[] = readdirSync(folder)
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Dashboard)
  .flatMap(({ panels }) => panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)));

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

/** Every query that shows a family, as it is sent with one job and one instance chosen and all of the rest. */
export function queriesOf(family: string, job: string, instance: string): string[] {
  const values: Readonly<Record<string, string>> = {
    $__rate_interval: '5m',
    $__range: '5m',
    $__interval: '15s',
    $job: job,
    $instance: instance,
  };
  const names = new RegExp(`\\b${family}(_bucket|_sum|_count)?\\b`);
  return (
    queries
      // Without comparisons of two windows, of which there is one here.
      .filter((query) => names.test(query) && !query.includes('offset $'))
      .map((query) => query.replaceAll(/\$\w+/g, (variable) => values[variable] ?? '.+'))
  );
}
