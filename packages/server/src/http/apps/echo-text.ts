import { traceOf } from '@inferometer/express';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { jsonAnswer, type Operation } from '../openapi/operation.ts';
import { validate } from '../validate.ts';

const echoSchema = z.object({ text: z.string('expected a string') });

export const echoTextOperation: Operation = {
  method: 'post',
  path: '/apps/echo_text',
  id: 'echoText',
  tag: 'Apps',
  summary: 'The text that came: what a request costs when nothing is done for it',
  isTraced: true,
  request: [{ body: { name: 'EchoTextRequest', schema: echoSchema }, examples: { text: { text: 'hello' } } }],
  answers: [jsonAnswer('EchoTextResponse', z.object({ text: z.string() }))],
  errors: [400, 413, 415],
};

/** `POST /apps/echo_text`: `{"text"}` gives `{"text"}`. */
export const echoText: RequestHandler = (request, response) => {
  const { text } = validate(echoSchema, request.body);
  traceOf(request)?.enter('postprocess');
  response.json({ text });
};
