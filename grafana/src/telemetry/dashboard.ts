import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { telemetrySources, variablesOf } from '../variables.ts';
import { collector } from './collector.ts';
import { own } from './own.ts';
import { scrapes } from './scrapes.ts';

/** What telemetry costs and loses. */
export function telemetryDashboard(): Dashboard {
  return dashboard({
    name: 'telemetry',
    title: 'Telemetry itself',
    description:
      'What telemetry costs, what it loses on the way, how the Collector and the scrapes are: whether the other dashboards can be believed.',
    variables: variablesOf(telemetrySources),
    sections: [own(), collector(), scrapes()],
  });
}
