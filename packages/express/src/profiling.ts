import { summarise, type Telemetry, type TraceRecord, traceJson } from '@inferometer/core';
import { type Request, Router } from 'express';

/**
 * `GET /` lists these: `GET /traces?last_n=`, `GET /traces/:event_id`, `GET /summary`, `POST /clear`: the requests that the ring holds.
 * `model`, `fn_name` and `status` (a number, or `ok` for below 400) narrow traces and summary.
 */
export function profilingRouter(telemetry: Telemetry): Router {
  const router = Router();
  const { ring } = telemetry;

  router.get('/', (request, response) => {
    const base = request.baseUrl;
    response.json({
      requests: ring.size,
      capacity: ring.capacity,
      endpoints: [
        `GET ${base}/traces?last_n=`,
        `GET ${base}/traces/{event_id}`,
        `GET ${base}/summary`,
        `POST ${base}/clear`,
      ],
    });
  });

  router.get('/traces', (request, response) => {
    const lastN = countOf(request.query.last_n);
    if (lastN === null) {
      response
        .status(400)
        .json({ error: `last_n must be an integer >= 0, got ${String(request.query.last_n)}` });
      return;
    }
    const chosen = ring.last().filter(filterOf(request));
    response.json((lastN === undefined ? chosen : lastN === 0 ? [] : chosen.slice(-lastN)).map(traceJson));
  });

  router.get('/traces/:eventId', (request, response) => {
    const found = ring.find((record) => record.eventId === request.params.eventId);
    if (found) response.json(traceJson(found));
    else
      response
        .status(404)
        .json({ error: `no trace ${request.params.eventId} among the last ${ring.capacity}` });
  });

  router.get('/summary', (request, response) => {
    response.json(summarise(ring.last().filter(filterOf(request))));
  });

  router.post('/clear', (_request, response) => {
    const cleared = ring.size;
    ring.clear();
    response.json({ status: 'ok', cleared });
  });

  router.all(['/traces', '/traces/:eventId', '/summary'], (request, response) => {
    response
      .set('allow', 'GET')
      .status(405)
      .json({ error: `${request.method} is not allowed here, expected GET` });
  });
  router.all('/clear', (request, response) => {
    response
      .set('allow', 'POST')
      .status(405)
      .json({ error: `${request.method} is not allowed here, expected POST` });
  });
  return router;
}

/** @returns undefined without a value, null for a wrong one */
function countOf(value: unknown): number | undefined | null {
  if (value === undefined) return undefined;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : null;
}

function filterOf(request: Request): (record: TraceRecord) => boolean {
  const { model, fn_name: fnName, status } = request.query;
  return (record) =>
    (model === undefined || record.model === model) &&
    (fnName === undefined || record.fnName === fnName) &&
    (status === undefined || (status === 'ok' ? record.status < 400 : String(record.status) === status));
}
