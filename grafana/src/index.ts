import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { batchingDashboard } from './batching/dashboard.ts';
import { compareDashboard } from './compare/dashboard.ts';
import { generationDashboard } from './generation/dashboard.ts';
import { modelsGpuDashboard } from './models-gpu/dashboard.ts';
import { overviewDashboard } from './overview/dashboard.ts';
import { requestsDashboard } from './requests/dashboard.ts';
import { runtimeDashboard } from './runtime/dashboard.ts';
import { telemetryDashboard } from './telemetry/dashboard.ts';

/** Dashboards by the name of their file. */
export const dashboards: Readonly<Record<string, () => Dashboard>> = Object.fromEntries(
  [
    overviewDashboard,
    requestsDashboard,
    batchingDashboard,
    modelsGpuDashboard,
    generationDashboard,
    runtimeDashboard,
    telemetryDashboard,
    compareDashboard,
  ].map((build) => [`${build().uid}.json`, build]),
);

/** The folder of their JSON, which is checked in. */
export const dashboardsDir: URL = new URL('../dashboards/', import.meta.url);

/** A dashboard as its file holds it. */
export function toJson(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
