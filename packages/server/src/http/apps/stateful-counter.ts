import { traceOf } from '@inferometer/express';
import type { Request } from 'express';
import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { allowOnly } from '../error-handler.ts';
import { jsonAnswer, type Operation, type Parameter } from '../openapi/operation.ts';
import { validate } from '../validate.ts';
import { createSessionStore, type Session, type SessionStore } from './sessions.ts';

const path = '/apps/stateful_counter';
const field = 'session_hash';
/** Keeps sums within what JavaScript counts exactly for some billion requests. */
const mostBy = 1_000_000;
const byExpected = `expected an integer from -${mostBy} to ${mostBy}`;

const countSchema = z.object({
  session_hash: z
    .string('expected the session_hash of an earlier answer')
    .nullish()
    .describe(
      'The session, as an earlier answer named it, or the header `x-session-hash`; without it a session begins.',
    ),
  by: z.int(byExpected).min(-mostBy, byExpected).max(mostBy, byExpected).nullish().describe('1 without it.'),
});

const counted = z.object({ session_hash: z.string(), count: z.int() });
const session: Parameter = {
  name: field,
  in: 'path',
  description: 'The session, as the answer that began it named it',
  schema: z.string(),
};

export const statefulCounterOperations: readonly Operation[] = [
  {
    method: 'post',
    path,
    id: 'countInSession',
    tag: 'Apps',
    summary: 'Counts the requests of a session: state that is kept between them',
    isTraced: true,
    request: [
      {
        body: { name: 'CounterRequest', schema: countSchema },
        examples: { begin: {}, more: { by: 5 } },
      },
    ],
    answers: [jsonAnswer('CounterResponse', counted)],
    errors: [400, 404, 413, 415],
  },
  {
    method: 'get',
    path: `${path}/{session_hash}`,
    id: 'getCounter',
    tag: 'Apps',
    summary: 'A session’s count as it is',
    isTraced: true,
    parameters: [session],
    answers: [jsonAnswer('CounterResponse', counted)],
    errors: [404],
  },
  {
    method: 'delete',
    path: `${path}/{session_hash}`,
    id: 'endCounter',
    tag: 'Apps',
    summary: 'Ends a session',
    isTraced: true,
    parameters: [session],
    answers: [{ status: 204, description: 'It is over' }],
    errors: [404],
  },
];

interface Counter {
  count: number;
}

/**
 * `POST /apps/stateful_counter`: `{"session_hash", "by"}` gives `{"session_hash", "count"}`; `GET` and `DELETE` of
 * `/apps/stateful_counter/{session_hash}`.
 * @param body reads the JSON of a request
 */
export function statefulCounter(
  body: readonly RequestHandler[],
  sessions: SessionStore<Counter> = createSessionStore<Counter>(),
): Router {
  const router = Router();
  const answer = ({ id, state }: Session<Counter>): z.output<typeof counted> => ({
    session_hash: id,
    count: state.count,
  });
  const find = (request: Request, id: string): Session<Counter> => {
    const found = sessions.find(id, field);
    noteSession(request, found.id);
    return found;
  };
  router
    .route('/')
    .post(...body, (request, response) => {
      const { by, ...asked } = validate(countSchema, request.body);
      const id = asked.session_hash ?? request.get('x-session-hash');
      const session = id === undefined ? sessions.open({ count: 0 }) : find(request, id);
      noteSession(request, session.id);
      session.state.count += by ?? 1;
      traceOf(request)?.enter('postprocess');
      response.json(answer(session));
    })
    .all(allowOnly('POST'));
  router
    .route('/:session_hash')
    .get((request, response) => {
      response.json(answer(find(request, request.params.session_hash)));
    })
    .delete((request, response) => {
      const { id } = find(request, request.params.session_hash);
      sessions.end(id);
      response.status(204).end();
    })
    .all(allowOnly('GET', 'DELETE'));
  return router;
}

function noteSession(request: Request, id: string): void {
  const trace = traceOf(request);
  if (trace) trace.sessionHash = id;
}
