import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { NAME } from '../names.ts';
import { labelChoice, variables } from '../variables.ts';
import { cost } from './cost.ts';
import { gpus } from './gpus.ts';
import { health } from './health.ts';
import { loads } from './loads.ts';
import { runs } from './runs.ts';

/** What models take of their devices. */
export function modelsGpuDashboard(): Dashboard {
  return dashboard({
    name: 'models-gpu',
    title: 'Models and GPU',
    description:
      'What a model run takes, which models and tenants use how much of the devices, how busy, full, warm and thirsty the GPUs are, what a thousand requests cost, and how long models take to load. Panels of GPUs are empty where there is none.',
    variables: variables(labelChoice('gpu', 'GPU', NAME.hwGpuMemoryLimit, 'hw_id')),
    sections: [runs(), cost(), gpus(), health(), loads()],
  });
}
