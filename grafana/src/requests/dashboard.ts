import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { arrange } from '../layout.ts';
import { variables } from '../variables.ts';
import { batches } from './batches.ts';
import { generation } from './generation.ts';
import { now } from './now.ts';
import { queues } from './queues.ts';
import { telemetry } from './telemetry.ts';
import { time } from './time.ts';
import { traffic } from './traffic.ts';

/** "Inference requests": how many, how fast, where their time went, and why. */
export function requestsDashboard(): Dashboard {
  const dashboard = new DashboardBuilder('Inference requests')
    .uid('inferometer-requests')
    .description(
      'How many inference requests there are, how long they take, in which phase the time goes, and what queue, batches and device have to do with it.',
    )
    .tags(['inferometer', 'inference'])
    .timezone('browser')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .annotations([])
    .variables(variables())
    .build();
  const sections = [now(), traffic(), time(), queues(), batches(), generation(), telemetry()];
  return { ...dashboard, panels: arrange(sections) };
}
