import type { TraceJson } from './api.ts';
import { byId, element } from './dom.ts';
import { ms, timeOfDay } from './format.ts';
import { createLegend, createPhasesBar, timesOf } from './phases-bar.ts';

/** The table of requests. @returns shows traces, given oldest first */
export function createTracesTable(): (traces: readonly TraceJson[]) => void {
  const body = byId('requests').querySelector('tbody') as HTMLTableSectionElement;
  const empty = byId('requests-empty');
  byId('requests-legend').append(createLegend());
  byId('curl').textContent = curlLine();
  let rows = new Map<string, HTMLTableRowElement>();
  let isFirst = true;

  return (traces) => {
    const newestFirst = [...traces].reverse();
    const isSame = traces.length === rows.size && newestFirst.every((trace) => rows.has(trace.event_id));
    empty.hidden = traces.length > 0;
    if (isSame) return;
    // A closed trace never changes: its row stays as it is, with whatever is selected or pointed at in it.
    rows = new Map(
      newestFirst.map((trace) => [trace.event_id, rows.get(trace.event_id) ?? rowOf(trace, !isFirst)]),
    );
    isFirst = false;
    body.replaceChildren(...rows.values());
  };
}

function rowOf(trace: TraceJson, isNew: boolean): HTMLTableRowElement {
  const cell = (name: string, content: Node | string, title = ''): HTMLTableCellElement =>
    element('td', { class: name, title }, content);
  const bar = createPhasesBar();
  bar.show(timesOf(trace.phases));
  const isFailed = trace.status >= 400;
  const status = element(
    'span',
    { class: isFailed ? 'status failed' : 'status' },
    isFailed && trace.error_type ? `${trace.status} ${trace.error_type}` : String(trace.status),
  );
  const time = element(
    'a',
    {
      title: 'the whole trace',
      attributes: { href: `profiling/traces/${encodeURIComponent(trace.event_id)}` },
    },
    timeOfDay(trace.timestamp),
  );
  return element(
    'tr',
    { class: isNew ? 'new' : '' },
    cell('time', time),
    cell('route', trace.fn_name, `${trace.method} ${trace.fn_name}`),
    cell('model', trace.model ?? '–', trace.model ?? ''),
    cell('state', status, status.textContent ?? ''),
    cell('number total', ms(trace.total_ms)),
    cell('phases', bar.element),
  );
}

function curlLine(): string {
  const url = new URL('nicknames', document.baseURI).href;
  return `curl -s ${url} -H 'content-type: application/json' -d '{"text": "I could sleep all day"}'`;
}
