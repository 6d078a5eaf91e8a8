import type { RequestHandler } from 'express';
import { z } from 'zod';
import { jsonAnswer, type Operation } from '../openapi/operation.ts';

export const appsListOperation: Operation = {
  method: 'get',
  path: '/apps',
  id: 'listApps',
  tag: 'Apps',
  summary: 'The programs to measure with, and how to try them',
  answers: [
    jsonAnswer(
      'Apps',
      z.object({
        apps: z.array(
          z.object({
            path: z.string(),
            does: z.string(),
            try: z.string().describe('A line for a shell.'),
          }),
        ),
      }),
    ),
  ],
};

/** One program, as `GET /apps` lists it. */
export interface AppListing {
  readonly path: string;
  readonly does: string;
  readonly try: string;
}

/** What there is to try among a server's endpoints: the apps, and what makes vectors. */
export function listingsOf(operations: readonly Operation[], url: string): AppListing[] {
  return operations
    .filter((it) => it.method === 'post' && (it.tag === 'Apps' || it.path === '/embed'))
    .map((it) => ({ path: it.path, does: it.summary, try: `curl -s ${url}${it.path} ${curlOf(it)}` }));
}

function curlOf({ curl, request }: Operation): string {
  if (curl !== undefined) return curl;
  const [example = {}] = Object.values(request?.[0]?.examples ?? {});
  // A quote within quotes ends them for a shell.
  const body = JSON.stringify(example).replaceAll("'", "'\\''");
  return `-H 'content-type: application/json' -d '${body}'`;
}

/** `GET /apps`. @param operations of the whole server */
export function appsList(operations: readonly Operation[]): RequestHandler {
  return (request, response) => {
    const url = `${request.protocol}://${request.get('host') ?? 'localhost'}`;
    response.json({ apps: listingsOf(operations, url) });
  };
}
