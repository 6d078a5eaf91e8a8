import { z } from 'zod';
import { familyOf } from '../error-format.ts';
import { errorBodies, errorExample, meaningOf, retryStatuses } from './errors.ts';
import {
  answerHeaders,
  cacheAnswerHeaders,
  cacheRequestHeaders,
  requestHeaders,
  retryAfter,
} from './headers.ts';
import {
  type Answer,
  type Content,
  type ErrorFormat,
  type NamedSchema,
  type Operation,
  type Parameter,
  tags,
} from './operation.ts';

type Json = Record<string, unknown>;

/** An OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.1 */
export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: Json;
  readonly servers: readonly Json[];
  readonly tags: readonly Json[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly responses: Readonly<Record<string, Json>>;
    readonly parameters: Readonly<Record<string, Json>>;
    readonly headers: Readonly<Record<string, Json>>;
  };
}

/**
 * The document of a server's endpoints.
 * @param version of the server
 * @throws {Error} if two operations share a method and path or an id, or two schemas a name
 */
export function openApiDocument(operations: readonly Operation[], version: string): OpenApiDocument {
  const named = createNamed();
  const paths: Record<string, Record<string, Json>> = {};
  const ids = new Set<string>();
  for (const operation of operations) {
    const { method, path, id } = operation;
    paths[path] ??= {};
    if (paths[path][method]) throw new Error(`${method} ${path} is described twice`);
    if (ids.has(id)) throw new Error(`the id ${id} is used twice`);
    ids.add(id);
    paths[path][method] = operationJson(operation, named);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Inferometer',
      version,
      summary: 'Model inference over HTTP, every millisecond of a request accounted for.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: named.schemas,
      responses: named.responses,
      parameters: { ...requestHeaders, ...cacheRequestHeaders },
      headers: { ...answerHeaders, ...cacheAnswerHeaders, 'retry-after': retryAfter },
    },
  };
}

/** Schemas and error answers that operations refer to, gathered while they are written. */
interface Named {
  readonly schemas: Record<string, Json>;
  readonly responses: Record<string, Json>;
  /** A reference to a schema. @param io which side of a schema's transformations */
  schema(named: NamedSchema, io: 'input' | 'output'): Json;
  /** A reference to an error answer. */
  error(status: number, format: ErrorFormat): Json;
}

function createNamed(): Named {
  const schemas: Record<string, Json> = {};
  const responses: Record<string, Json> = {};
  const sources = new Map<string, z.ZodType>();
  const named: Named = {
    schemas,
    responses,
    schema({ name, schema }, io) {
      const before = sources.get(name);
      if (before && before !== schema) throw new Error(`two schemas have the name ${name}`);
      sources.set(name, schema);
      schemas[name] ??= jsonSchema(schema, io);
      return { $ref: `#/components/schemas/${name}` };
    },
    error(status, format) {
      const name = `${errorBodies[format].name}${status}`;
      responses[name] ??= {
        description: meaningOf(status),
        ...(retryStatuses.includes(status)
          ? { headers: { 'retry-after': { $ref: '#/components/headers/retry-after' } } }
          : {}),
        content: {
          'application/json': {
            schema: named.schema(errorBodies[format], 'output'),
            example: errorExample(status, format),
          },
        },
      };
      return { $ref: `#/components/responses/${name}` };
    },
  };
  return named;
}

/**
 * A schema as the document has it. Answers stay open for fields that later versions add, so that a client that checks
 * them goes on working.
 */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: made, zodSchema }) => {
      if (zodSchema._zod.def.type === 'object' && made.additionalProperties === false)
        delete made.additionalProperties;
      // The bounds of what JavaScript counts exactly say nothing about a field.
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum;
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum;
    },
  });
  return rest;
}

function operationJson(operation: Operation, named: Named): Json {
  const { id, tag, summary, description, parameters = [], request, answers, isTraced, isCached } = operation;
  const format = operation.errorFormat ?? familyOf(operation.path);
  const headerNames = [
    ...(isTraced ? Object.keys(answerHeaders) : []),
    ...(isCached ? Object.keys(cacheAnswerHeaders) : []),
  ];
  const headers = Object.fromEntries(
    headerNames.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
  const responses: Record<string, Json> = {};
  for (const answer of answers) responses[answer.status] = answerJson(answer, named, headers);
  for (const status of operation.errors ?? []) responses[status] ??= named.error(status, format);
  if (isTraced) responses[500] ??= named.error(500, format);
  const shared = [
    ...(isTraced ? Object.keys(requestHeaders) : []),
    ...(isCached ? Object.keys(cacheRequestHeaders) : []),
  ].map((name) => ({ $ref: `#/components/parameters/${name}` }));
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    ...(parameters.length + shared.length > 0
      ? { parameters: [...parameters.map(parameterJson), ...shared] }
      : {}),
    ...(request ? { requestBody: { required: true, content: contentsJson(request, named, 'input') } } : {}),
    responses,
  };
}

function answerJson({ description, content }: Answer, named: Named, headers: Json): Json {
  return {
    description,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(content ? { content: contentsJson(content, named, 'output') } : {}),
  };
}

function contentsJson(contents: readonly Content[], named: Named, io: 'input' | 'output'): Json {
  return Object.fromEntries(
    contents.map(({ type = 'application/json', body, examples }) => [
      type,
      {
        // Bytes that are no text have no schema in OpenAPI 3.1.
        ...(body ? { schema: named.schema(body, io) } : {}),
        ...(examples
          ? {
              examples: Object.fromEntries(
                Object.entries(examples).map(([name, value]) => [name, { value }]),
              ),
            }
          : {}),
      },
    ]),
  );
}

function parameterJson({ name, in: place, description, schema, example }: Parameter): Json {
  return {
    name,
    in: place,
    description,
    required: place === 'path' || !schema.safeParse(undefined).success,
    schema: jsonSchema(schema, 'input'),
    ...(example === undefined ? {} : { example }),
  };
}
