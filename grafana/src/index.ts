import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { requestsDashboard } from './requests/dashboard.ts';

/** Dashboards by the name of their file. */
export const dashboards: Readonly<Record<string, () => Dashboard>> = {
  'requests.json': requestsDashboard,
};

/** The folder of their JSON, which is checked in. */
export const dashboardsDir: URL = new URL('../dashboards/', import.meta.url);

/** A dashboard as its file holds it. */
export function toJson(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
