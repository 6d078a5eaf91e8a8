import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { alerts, bars } from '../panels.ts';
import { chosenModel, mean, observations, observed, ratioOfAll } from '../promql.ts';

/** Where to look. */
export function where(): Section {
  const shares = ratioOfAll(
    observed(['phase'], NAME.phaseDuration, chosenModel),
    observations([], NAME.requestDuration, chosenModel),
  );
  return {
    title: 'Where to look',
    panels: [
      bars({
        title: 'Top phases',
        description:
          'The five phases in which the mean request spends most of its time, with the seconds it spends there.',
        unit: 's',
        width: 8,
        queries: [{ expr: `topk(5, ${shares})`, legend: '{{phase}}' }],
        more: 'requests',
      }),
      bars({
        title: 'Slowest models',
        description: 'The five models whose mean request takes longest.',
        unit: 's',
        width: 8,
        queries: [
          { expr: `topk(5, ${mean(['model'], NAME.requestDuration, chosenModel)})`, legend: '{{model}}' },
        ],
        more: 'requests',
      }),
      alerts(
        'Alerts',
        'What fires or is about to, by the rules in deploy/prometheus/rules. Each alert links to its runbook. Empty is good.',
        8,
      ),
    ],
  };
}
