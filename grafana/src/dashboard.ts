import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { arrange, type Section } from './layout.ts';
import { type Variable, variables } from './variables.ts';

export interface DashboardOptions {
  /** The end of its uid and of its file's name. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly sections: readonly Section[];
  /** @default those of every dashboard */
  readonly variables?: readonly Variable[];
}

/** Finds the dashboards that belong together. */
const tag = 'inferometer';

/** The uid of a dashboard of ours. */
export function uidOf(name: string): string {
  return `inferometer-${name}`;
}

/** A dashboard with what is the same for all: how it is found, how fresh it is, and the way to its siblings. */
export function dashboard(options: DashboardOptions): Dashboard {
  const built = new DashboardBuilder(`Inferometer / ${options.title}`)
    .uid(uidOf(options.name))
    .description(options.description)
    .tags([tag, 'inference'])
    .timezone('browser')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .annotations([])
    .links([
      new DashboardLinkBuilder('Inferometer')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    ])
    .variables([...(options.variables ?? variables())])
    .build();
  return { ...built, panels: arrange(options.sections) };
}
