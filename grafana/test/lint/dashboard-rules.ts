import { type Expr, parsePromql, vectorsOf, walk } from '../promql/parse.ts';
import { knownUnits } from './units.ts';

/**
 * The 17 rules of github.com/grafana/dashboard-linter under their names, rebuilt on the PromQL grammar: its Go module
 * cannot be had everywhere. Read from its documentation and sources of November 2026.
 */
export type DashboardRule = (dashboard: LintedDashboard) => string[];

/** The part of a dashboard's JSON that rules look at; anything may be missing. */
export interface LintedDashboard {
  readonly title?: string;
  readonly editable?: boolean;
  readonly templating?: { readonly list?: readonly LintedVariable[] };
  readonly panels?: readonly LintedPanel[];
}
export interface LintedVariable {
  readonly name?: string;
  readonly type?: string;
  readonly label?: string;
  readonly query?: unknown;
  readonly multi?: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly datasource?: { readonly uid?: string };
  readonly current?: { readonly value?: unknown };
}
export interface LintedPanel {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly datasource?: { readonly type?: string; readonly uid?: string };
  readonly targets?: readonly LintedTarget[];
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } };
}
export interface LintedTarget {
  readonly expr?: string;
  readonly datasource?: { readonly type?: string };
}

const panelsWithQueries = [
  'stat',
  'singlestat',
  'graph',
  'table',
  'timeseries',
  'gauge',
  'bargauge',
  'heatmap',
];

export const dashboardRules: Readonly<Record<string, DashboardRule>> = {
  'template-datasource-rule': (dashboard) => {
    const sources = variablesOf(dashboard).filter(({ type }) => type === 'datasource');
    if (sources.length === 0) return ['no data source can be chosen'];
    return sources.flatMap(({ name, label, query }) => [
      ...problemIf(
        !(name === `${query}_datasource` || (name === 'datasource' && sources.length === 1)),
        `the data source's variable is named ${name}`,
      ),
      ...problemIf(
        !(label === 'Prometheus Data Source' || (label === 'Data Source' && sources.length === 1)),
        `the data source is labelled ${label}`,
      ),
    ]);
  },
  'template-job-rule': (dashboard) => templateProblems(dashboard, 'job'),
  'template-instance-rule': (dashboard) => templateProblems(dashboard, 'instance'),
  'template-label-promql-rule': (dashboard) =>
    queriesOfVariables(dashboard).flatMap(({ name, query }) => {
      const [, function_ = '', argument = ''] = /^([a-z_]+)\((.+)\)$/.exec(query) ?? [];
      if (!['label_names', 'label_values', 'metrics', 'query_result'].includes(function_)) {
        return [`${name}: no function of Grafana's: ${query}`];
      }
      const selector = function_ === 'label_values' ? argument.replace(/,\s*\w+$/, '') : argument;
      return problemOf(() => parse(selector, dashboard)).map((problem) => `${name}: ${problem}`);
    }),
  'template-on-time-change-reload-rule': (dashboard) =>
    variablesOf(dashboard)
      .filter(({ type, refresh }) => type === 'query' && refresh !== 2)
      .map(({ name }) => `${name} is not asked again when the time range changes`),
  'panel-datasource-rule': (dashboard) =>
    panelProblems(dashboard, ({ datasource }) =>
      problemIf(
        !variablesOf(dashboard).some(
          ({ type, name }) =>
            type === 'datasource' && [`$${name}`, `\${${name}}`].includes(datasource?.uid ?? ''),
        ),
        `does not use the chosen data source but ${datasource?.uid}`,
      ),
    ),
  'panel-title-description-rule': (dashboard) =>
    panelProblems(dashboard, ({ title, description }) =>
      problemIf(!title || !description, 'has no title or no description'),
    ),
  'panel-units-rule': (dashboard) =>
    panelProblems(dashboard, ({ fieldConfig }) => {
      const unit = fieldConfig?.defaults?.unit ?? '';
      return problemIf(!knownUnits.has(unit), `has an unknown unit: "${unit}"`);
    }),
  'panel-no-targets-rule': (dashboard) =>
    panelProblems(dashboard, ({ targets = [] }) => problemIf(targets.length === 0, 'has no query')),
  // No data source of ours is Loki; these two keep it so.
  'target-logql-rule': (dashboard) => lokiProblems(dashboard),
  'target-logql-auto-rule': (dashboard) => lokiProblems(dashboard),
  'target-promql-rule': (dashboard) =>
    panelProblems(dashboard, ({ targets = [] }) =>
      targets.flatMap(({ expr }) => problemOf(() => parse(expr ?? '', dashboard))),
    ),
  'target-rate-interval-rule': (dashboard) =>
    targetProblems(dashboard, (expr) => {
      const problems: string[] = [];
      walk(expr, (part, around) => {
        if (part.kind !== 'vector' || part.range === undefined || part.range === rateInterval) return;
        const outer = around.at(-1);
        if (outer?.kind === 'call' && ['rate', 'irate'].includes(outer.name)) {
          problems.push(`${outer.name} over ${part.range}, not over $__rate_interval`);
        }
      });
      return problems;
    }),
  'target-job-rule': (dashboard) => matcherProblems(dashboard, 'job'),
  'target-instance-rule': (dashboard) => matcherProblems(dashboard, 'instance'),
  'target-counter-agg-rule': (dashboard) =>
    targetProblems(dashboard, (expr) => {
      const problems: string[] = [];
      walk(expr, (part, around) => {
        if (part.kind !== 'vector' || !part.metric?.endsWith('_total')) return;
        const outer = around.at(-1);
        const grows = outer?.kind === 'call' && ['rate', 'irate', 'increase'].includes(outer.name);
        if (!grows) problems.push(`${part.metric} is a counter, of which only the growth says anything`);
      });
      return problems;
    }),
  'uneditable-dashboard-rule': ({ editable }) => problemIf(editable !== false, 'can be edited'),
};

/** Problems of a dashboard, by the rule that it breaks. */
export function lintDashboard(dashboard: LintedDashboard): string[] {
  return Object.entries(dashboardRules).flatMap(([name, rule]) =>
    rule(dashboard).map((problem) => `${name}: ${problem}`),
  );
}

/** Stands for Grafana's variable while PromQL is read; nobody writes it by hand. */
const rateInterval = '8869990787ms';

/** PromQL with values in the place of Grafana's variables. */
function parse(text: string, dashboard: LintedDashboard): Expr {
  const values = new Map(variablesOf(dashboard).map(({ name, current }) => [name, current?.value]));
  const filled = text.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => {
    if (name === '__rate_interval') return rateInterval;
    // In quotes it is a matcher's value, which rules compare as it is written.
    const value = values.get(name);
    return typeof value === 'string' && /^\d+[smhdw]$/.test(value) ? value : whole;
  });
  return parsePromql(filled);
}

function templateProblems(dashboard: LintedDashboard, name: string): string[] {
  const variable = variablesOf(dashboard).find((it) => it.name === name);
  if (variable === undefined) return [`${name} cannot be chosen`];
  const label = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  return [
    ...problemIf(
      !['$datasource', `\${datasource}`].includes(variable.datasource?.uid ?? ''),
      `${name} does not ask the chosen data source`,
    ),
    ...problemIf(variable.type !== 'query', `${name} is not a query`),
    ...problemIf(variable.label !== label, `${name} is labelled ${variable.label}`),
    ...problemIf(variable.multi !== true, `only one ${name} can be chosen`),
    ...problemIf(variable.allValue !== '.+', `all of ${name} is ${variable.allValue}`),
  ];
}

function matcherProblems(dashboard: LintedDashboard, label: string): string[] {
  return targetProblems(dashboard, (expr) =>
    vectorsOf(expr)
      .filter(
        ({ matchers }) =>
          !matchers.some((it) => it.label === label && it.op === '=~' && it.value === `$${label}`),
      )
      .map(({ metric }) => `${metric} is not narrowed to the chosen ${label}`),
  );
}

function lokiProblems(dashboard: LintedDashboard): string[] {
  const isLoki = (datasource: { readonly type?: string } | undefined) => datasource?.type === 'loki';
  return panelProblems(dashboard, ({ datasource, targets = [] }) =>
    problemIf(
      isLoki(datasource) || targets.some((target) => isLoki(target.datasource)),
      'asks Loki, whose queries these rules cannot read',
    ),
  );
}

function panelProblems(dashboard: LintedDashboard, of: (panel: LintedPanel) => string[]): string[] {
  return (dashboard.panels ?? [])
    .filter(({ type }) => panelsWithQueries.includes(type ?? ''))
    .flatMap((panel) => of(panel).map((problem) => `"${panel.title}" ${problem}`));
}

/** Of queries that are PromQL; those that are not are another rule's. */
function targetProblems(dashboard: LintedDashboard, of: (expr: Expr) => string[]): string[] {
  return panelProblems(dashboard, ({ targets = [] }) =>
    targets.flatMap(({ expr = '' }) => {
      try {
        return of(parse(expr, dashboard));
      } catch {
        return [];
      }
    }),
  );
}

function queriesOfVariables(dashboard: LintedDashboard): { name: string; query: string }[] {
  return variablesOf(dashboard)
    .filter(({ type }) => type === 'query')
    .map(({ name = '', query }) => ({
      name,
      query:
        typeof query === 'string' ? query : String((query as { query?: unknown } | undefined)?.query ?? ''),
    }));
}

function variablesOf({ templating }: LintedDashboard): readonly LintedVariable[] {
  return templating?.list ?? [];
}

function problemIf(is: boolean, problem: string): string[] {
  return is ? [problem] : [];
}

function problemOf(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
