import { summarise } from '../summary.ts';
import type { Telemetry } from '../telemetry.ts';
import { type FinishedTrace, traceJson } from '../trace/record.ts';

/** An answer before it is written. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What one path answers. */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  answer(): Answer;
}

export interface EndpointRequest {
  readonly telemetry: Telemetry;
  /** Path of /profiling itself. */
  readonly base: string;
  /** First step of the path below it, empty for itself. */
  readonly name: string;
  /** What follows that step, empty without. */
  readonly id: string;
  /** `model`, `fn_name` and `status` (a number, or `ok` for below 400) narrow traces and summary. */
  readonly query: URLSearchParams;
}

/** @returns undefined for a path that there is nothing at */
export function endpointOf({ telemetry, base, name, id, query }: EndpointRequest): Endpoint | undefined {
  const { ring } = telemetry;
  const get = (answer: () => Answer): Endpoint => ({ method: 'GET', answer });
  const post = (act: () => object): Endpoint => ({
    method: 'POST',
    answer: () => ({ status: 200, body: { status: 'ok', ...act() } }),
  });
  const record = (isRecording: boolean): Endpoint =>
    post(() => {
      ring.isRecording = isRecording;
      return { recording: isRecording };
    });
  if (id !== '') return name === 'traces' ? get(() => oneTrace(telemetry, id)) : undefined;
  switch (name) {
    case '':
      return get(() => ({ status: 200, body: stateOf(telemetry, base) }));
    case 'traces':
      return get(() => traces(telemetry, query));
    case 'summary':
      return get(() => ({ status: 200, body: summarise(ring.last().filter(filterOf(query))) }));
    case 'clear':
      return post(() => {
        const cleared = ring.size;
        ring.clear();
        return { cleared };
      });
    case 'start':
      return record(true);
    case 'stop':
      return record(false);
    default:
      return undefined;
  }
}

function stateOf({ ring }: Telemetry, base: string): object {
  return {
    recording: ring.isRecording,
    requests: ring.size,
    capacity: ring.capacity,
    endpoints: [
      `GET ${base}/traces?last_n=`,
      `GET ${base}/traces/{event_id}`,
      `GET ${base}/summary`,
      `POST ${base}/clear`,
      `POST ${base}/start`,
      `POST ${base}/stop`,
    ],
  };
}

function traces({ ring }: Telemetry, query: URLSearchParams): Answer {
  const asked = query.has('last_n') ? query.getAll('last_n').join(',') : undefined;
  if (asked !== undefined && !/^\d{1,9}$/.test(asked)) {
    return { status: 400, body: { error: `last_n must be an integer >= 0, got ${asked}` } };
  }
  const chosen = ring.last().filter(filterOf(query));
  const lastN = asked === undefined ? chosen.length : Number(asked);
  return { status: 200, body: chosen.slice(Math.max(0, chosen.length - lastN)).map(traceJson) };
}

function oneTrace({ ring }: Telemetry, eventId: string): Answer {
  const found = ring.find(eventId);
  if (found) return { status: 200, body: traceJson(found) };
  return { status: 404, body: { error: `no trace ${eventId} among the last ${ring.capacity}` } };
}

function filterOf(query: URLSearchParams): (record: FinishedTrace) => boolean {
  const model = query.get('model');
  const fnName = query.get('fn_name');
  const status = query.get('status');
  return (record) =>
    (model === null || record.model === model) &&
    (fnName === null || record.fnName === fnName) &&
    (status === null || (status === 'ok' ? record.status < 400 : String(record.status) === status));
}
