import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { batches } from './batches.ts';
import { queues } from './queues.ts';

/** What waits, and how well batches use the device. */
export function batchingDashboard(): Dashboard {
  return dashboard({
    name: 'batching',
    title: 'Batching and queue',
    description:
      'How many inputs wait, for how long, and how near that is to refusing more; how full the batches are, what is padding, and why they leave.',
    sections: [queues(), batches()],
  });
}
