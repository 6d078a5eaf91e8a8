import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { NAME } from '../names.ts';
import { labelChoice, variables } from '../variables.ts';
import { failures } from './failures.ts';
import { latency } from './latency.ts';
import { time } from './time.ts';
import { who } from './who.ts';

/** How many requests there are, how long they take and where their time goes. */
export function requestsDashboard(): Dashboard {
  return dashboard({
    name: 'requests',
    title: 'Requests',
    description:
      'Where the time of requests goes: phase by phase, at the mean and at the quantiles, by route, model and tenant; how long they take, with the traces behind it; which fail or are refused, and why.',
    variables: variables(
      labelChoice('route', 'Route', NAME.requests, 'route'),
      labelChoice('tenant', 'Tenant', NAME.requests, 'tenant'),
    ),
    sections: [time(), who(), latency(), failures()],
  });
}
