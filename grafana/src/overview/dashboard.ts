import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { now } from './now.ts';
import { signals } from './signals.ts';
import { slo } from './slo.ts';
import { where } from './where.ts';

/** The page to begin with: whether all is well, and where to look if not. */
export function overviewDashboard(): Dashboard {
  return dashboard({
    name: 'overview',
    title: 'Overview',
    description:
      'Whether inference is well: freshness of what is shown, traffic, errors, latency and saturation, objectives and what is left of their error budgets, the slowest phases, and what fires. Each panel leads on to the dashboard with more of it.',
    sections: [now(), slo(), signals(), where()],
  });
}
