import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, observations, rate } from '../promql.ts';

/** What goes wrong, and why. */
export function failures(): Section {
  return {
    title: 'Errors and refusals',
    panels: [
      timeseries({
        title: 'Errors by status',
        description:
          'Requests that ended with an error, a second. 4xx: the request was wrong; 429: it was refused for overload; 499: the client went away; 5xx: the service failed.',
        unit: 'reqps',
        width: 12,
        noValue: 'No errors',
        queries: [
          {
            expr: observations(['status'], NAME.requestDuration, chosenModel, 'status=~"[45].."'),
            legend: '{{status}}',
          },
        ],
      }),
      timeseries({
        title: 'Refused requests, by reason',
        description:
          'Requests that the service turned away before they cost it anything, a second. queue_full: as many waited as may; deadline: it could not have been answered in time; others as the service names them.',
        unit: 'reqps',
        width: 12,
        noValue: 'None refused',
        queries: [
          {
            expr: rate(['model', 'reason'], NAME.requestsRejected, chosenModel),
            legend: '{{reason}} {{model}}',
          },
        ],
      }),
    ],
  };
}
