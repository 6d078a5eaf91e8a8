import type { Summary, TraceJson } from '@inferometer/core';

export type { Summary, TraceJson };

/** An entry of `/v1/models`. */
export interface ModelEntry {
  readonly id: string;
  readonly kind: 'embedding' | 'generative';
}

export interface Readiness {
  readonly status: 'ready' | 'loading' | 'draining';
  readonly models: readonly string[];
}

/** An answer that is no success; its message is the API's own. */
export class ApiError extends Error {
  readonly status: number;
  /** The field of the request at fault. */
  readonly field: string | undefined;

  constructor(status: number, message: string, field?: string) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

// All paths are relative to the page, so that it also works below a path of a proxy.

/** @throws {ApiError|TypeError} the latter if there is no answer */
export async function getJson<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw await errorOf(response);
  return response.json();
}

/** @throws {ApiError|TypeError|DOMException} */
export async function post(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(path, {
    method: 'POST',
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** What `/readyz` says; 503 is an answer too. */
export async function readiness(): Promise<Readiness> {
  return (await fetch('readyz')).json();
}

export async function models(): Promise<readonly ModelEntry[]> {
  return (await getJson<{ data: readonly ModelEntry[] }>('v1/models')).data;
}

/** The last requests, oldest first. */
export function lastTraces(count: number): Promise<readonly TraceJson[]> {
  return getJson(`profiling/traces?last_n=${count}`);
}

/** @returns undefined if the server records no requests, or holds this one no more */
export async function traceOf(response: Response): Promise<TraceJson | undefined> {
  const eventId = response.headers.get('x-event-id');
  if (eventId === null) return undefined;
  try {
    return await getJson(`profiling/traces/${encodeURIComponent(eventId)}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** The body of an error in any of the formats: OpenAI's, TEI's and that of `/profiling`. */
interface ErrorBody {
  readonly error?: string | { readonly message?: string; readonly param?: string | null };
}

async function errorOf(response: Response): Promise<ApiError> {
  const body: ErrorBody | null = await response.json().catch(() => null);
  return new ApiError(response.status, ...detailOf(body, `${response.status} ${response.statusText}`));
}

/** Message and field of an error's body, which may also come within a stream. */
export function detailOf(body: ErrorBody | null, otherwise: string): [message: string, field?: string] {
  const error = body?.error;
  if (typeof error === 'string') return [error];
  if (typeof error?.message !== 'string') return [otherwise];
  return error.param ? [error.message, error.param] : [error.message];
}

/** What a person is told of anything thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  // What fetch throws without an answer differs by browser, and says less.
  if (error instanceof TypeError) return 'The server does not answer.';
  return error instanceof Error ? error.message : String(error);
}
