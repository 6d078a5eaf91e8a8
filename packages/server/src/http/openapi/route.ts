import type { RequestHandler } from 'express';
import { z } from 'zod';
import { version } from '../../version.ts';
import { openApiDocument } from './document.ts';
import { jsonAnswer, type Operation } from './operation.ts';

export const openApiOperation: Operation = {
  method: 'get',
  path: '/openapi.json',
  id: 'getOpenApi',
  tag: 'Server',
  summary: 'This document',
  answers: [
    jsonAnswer(
      'OpenApi',
      z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
    ),
  ],
};

/** `GET /openapi.json`: the endpoints, from the schemas that check their requests. */
export function openApiRoute(operations: readonly Operation[]): RequestHandler {
  // Made when it is first asked for: a server that starts has better things to do.
  let text: string | undefined;
  return (_request, response) => {
    text ??= JSON.stringify(openApiDocument(operations, version));
    response.type('json').send(text);
  };
}
