import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { cache } from './cache.ts';
import { speed } from './speed.ts';

/** How fast text comes. */
export function generationDashboard(): Dashboard {
  return dashboard({
    name: 'generation',
    title: 'Generation',
    description:
      'How long until text comes and how smoothly, how many tokens a second, and how full the key/value cache and the slots are.',
    sections: [speed(), cache()],
  });
}
