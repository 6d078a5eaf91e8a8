import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from '../dashboard.ts';
import { NAME } from '../names.ts';
import { fixedChoice, labelChoice, variables } from '../variables.ts';
import { change } from './change.ts';
import { sides } from './side.ts';

/** Two versions, or two times, side by side. */
export function compareDashboard(): Dashboard {
  return dashboard({
    name: 'compare',
    title: 'Compare',
    description:
      'Two versions, or the same one now and earlier, side by side: A is what was there before, B is what is judged. Choose a version for each, and how much earlier A is looked at.',
    variables: variables(
      labelChoice('version_a', 'Version A', NAME.buildInfo, 'version'),
      labelChoice('version_b', 'Version B', NAME.buildInfo, 'version'),
      fixedChoice('before', 'A is earlier by', 'Moves the left side, A, into the past.', {
        'not at all': '0s',
        '1 hour': '1h',
        '1 day': '1d',
        '1 week': '1w',
      }),
    ),
    sections: [change(), ...sides()],
  });
}
