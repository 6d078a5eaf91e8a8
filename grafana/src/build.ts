import { mkdir, writeFile } from 'node:fs/promises';
import { dashboards, dashboardsDir, toJson } from './index.ts';

// Writes the JSON that Grafana reads.
await mkdir(dashboardsDir, { recursive: true });
for (const [name, dashboard] of Object.entries(dashboards)) {
  await writeFile(new URL(name, dashboardsDir), toJson(dashboard()));
  process.stdout.write(`wrote dashboards/${name}\n`);
}
