import { dashboards, toJson } from '../src/index.ts';

/** A dashboard as Grafana reads it: the part of its JSON that is looked at here. */
export interface DashboardJson {
  readonly title: string;
  readonly uid: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly editable: boolean;
  readonly schemaVersion: number;
  readonly time: { readonly from: string; readonly to: string };
  readonly refresh: string;
  readonly links: readonly object[];
  readonly templating: { readonly list: readonly VariableJson[] };
  readonly panels: readonly PanelJson[];
}
export interface VariableJson {
  readonly type: string;
  readonly name: string;
  readonly label: string;
  readonly query: string | { readonly query: string };
  readonly multi: boolean;
  readonly includeAll: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly current?: { readonly value: unknown };
}
export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly TargetJson[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly min?: number;
      readonly max?: number;
    };
  };
  readonly links?: readonly { readonly url: string }[];
  readonly options?: {
    readonly legend?: { readonly showLegend?: boolean; readonly show?: boolean };
    readonly calculate?: boolean;
  };
}
export interface TargetJson {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly instant?: boolean;
  readonly range?: boolean;
  readonly format?: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}

/** Every dashboard as the code makes it now, by file name. */
export function builtDashboards(): [name: string, dashboard: DashboardJson][] {
  return Object.entries(dashboards).map(([name, build]) => [name, JSON.parse(toJson(build()))]);
}

/** The panels with queries; the others are headings and lists of alerts. */
export function panelsOf(dashboard: DashboardJson): PanelJson[] {
  return dashboard.panels.filter(({ type }) => type !== 'row' && type !== 'alertlist');
}

export function targetsOf(dashboard: DashboardJson): { panel: PanelJson; target: TargetJson }[] {
  return panelsOf(dashboard).flatMap((panel) => (panel.targets ?? []).map((target) => ({ panel, target })));
}

/** A panel by its title. @param name the dashboard's, without what all have in common */
export function panelNamed(name: string, title: string): PanelJson {
  const [, dashboard] = builtDashboards().find(([file]) => file === `inferometer-${name}.json`) ?? [];
  const panel = dashboard?.panels.find((it) => it.title === title);
  if (panel === undefined) throw new Error(`no panel "${title}" in ${name}`);
  return panel;
}
