import type { DashboardJson } from '../dashboard.ts';

/** What a dashboard's variables stand for, as Grafana writes it into a query. */
export type Choice = Readonly<Record<string, string>>;

/** Well within the load: at its edges Prometheus extrapolates each series in its own way. */
export const rateInterval = '8s';

/** All that there is, and the first of what is fixed. */
export function chooseAll(dashboard: DashboardJson): Choice {
  return Object.fromEntries(
    dashboard.templating.list.map(({ name, type, allValue, current }) => [
      name,
      type === 'query' ? (allValue as string) : String(current?.value),
    ]),
  );
}

/** Puts values in the place of Grafana's variables. @throws {Error} if one is left */
export function substitute(expr: string, choice: Choice): string {
  const values: Choice = { ...choice, __rate_interval: rateInterval };
  return expr.replace(/\$(\w+)/g, (variable, name: string) => {
    // In label_replace it is a group of the regular expression.
    if (/^\d$/.test(name)) return variable;
    const value = values[name];
    if (value === undefined) throw new Error(`unknown variable ${variable} in ${expr}`);
    return value;
  });
}
