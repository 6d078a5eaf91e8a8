import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { container } from './container.ts';
import { eventLoop } from './event-loop.ts';
import { memory } from './memory.ts';
import { waits } from './waits.ts';

/** What the process and its container do to requests. */
export function runtimeDashboard(): Dashboard {
  return dashboard({
    name: 'runtime',
    title: 'Runtime',
    description:
      'What the process and its container do to requests: a blocked event loop, garbage collection, memory, executors, throttling by the cgroup, pressure, and waits for disks, databases and other services.',
    sections: [eventLoop(), memory(), container(), waits()],
  });
}
