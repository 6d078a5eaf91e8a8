import type { z } from 'zod';
import type { ApiFamily } from '../error-format.ts';

/** Groups of endpoints, in the order of the document. */
export const tags = {
  OpenAI: 'As the OpenAI API has them.',
  TEI: 'As text-embeddings-inference has them.',
  'Open Inference Protocol': 'Version 2 of the protocol of KServe and Triton, over HTTP.',
  Pipelines: 'Models with functions of the server’s owner around them.',
  Apps: 'Small programs to measure with, and to play with.',
  Server: 'Health, metrics and this document.',
  Profiling: 'The last requests, as they were: no backend needed. For this machine alone, or by token.',
} as const;

export type Tag = keyof typeof tags;

/** A schema that the document has once, under a name, and refers to. */
export interface NamedSchema {
  /** Letters, digits, `.`, `_` and `-`, such as `EmbedRequest`; one schema a name. */
  readonly name: string;
  readonly schema: z.ZodType;
}

/** One form of a body. */
export interface Content {
  /** @default 'application/json' */
  readonly type?: string;
  /** Absent for bytes that are no JSON. */
  readonly body?: NamedSchema;
  /** Bodies that work, by name. A test sends each of a request to a running server. */
  readonly examples?: Readonly<Record<string, unknown>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly schema: z.ZodType;
  readonly example?: unknown;
}

/** An answer that is no error. */
export interface Answer {
  readonly status: number;
  readonly description: string;
  /** Forms that it may have; none for an answer without a body. */
  readonly content?: readonly Content[];
}

/** How an endpoint tells errors: as an API does, or as `{"error": "…"}`. */
export type ErrorFormat = ApiFamily | 'plain';

/** What the OpenAPI document says of an endpoint; exported beside the schemas that check its requests. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'delete' | 'head';
  /** With parameters as OpenAPI has them: `/v1/models/{model}`. */
  readonly path: string;
  /** Name of the endpoint's function in generated clients; unique. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  /** Forms of the request's body; absent where it has none. */
  readonly request?: readonly Content[];
  readonly answers: readonly Answer[];
  /** Statuses of the errors that it may answer with, beside those of every endpoint. */
  readonly errors?: readonly number[];
  /** @default what the path belongs to */
  readonly errorFormat?: ErrorFormat;
  /** Whether requests are traced: then they take and give the headers that all such endpoints have. @default false */
  readonly isTraced?: boolean;
  /** Whether caches may answer, where the server has some. @default false */
  readonly isCached?: boolean;
  /** Arguments of the curl line that `GET /apps` shows. @default the first example as a JSON body */
  readonly curl?: string;
}

/** Errors of an endpoint that takes a JSON body and asks a model. */
export const modelErrors: readonly number[] = [400, 404, 413, 415, 429, 503, 504];

/** An answer of JSON. */
export function jsonAnswer(name: string, schema: z.ZodType, description = 'OK', status = 200): Answer {
  return { status, description, content: [{ body: { name, schema } }] };
}
