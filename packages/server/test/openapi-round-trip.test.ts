import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Content, Operation } from '../src/http/openapi/operation.ts';
import { operations } from '../src/http/openapi/operations.ts';
import { startServer, type TestServer } from './serving.ts';

type Json = Record<string, unknown>;
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
};

let server: TestServer;
let document: Document;
const ajv = new Ajv2020({ strict: false, allErrors: true });

beforeAll(async () => {
  server = await startServer();
  document = await server.get('/openapi.json');
  ajv.addSchema(document, 'doc');
});
afterAll(() => server?.stop());

/** The validator of a place in the document, such as of an answer's JSON. */
function at(...steps: readonly string[]): ValidateFunction {
  const pointer = steps
    .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.getSchema(`doc#/${pointer}`);
  if (!validate) throw new Error(`the document has nothing at ${steps.join(' ')}`);
  return validate;
}

function expectValid(validate: ValidateFunction, value: unknown, what: string): void {
  expect(
    validate(value),
    `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value).slice(0, 800)}`,
  ).toBe(true);
}

/** What the server answered fits the document, and has no field that it does not tell of. */
async function expectAsDocumented(operation: Operation, response: Response): Promise<unknown> {
  const { method, path, id } = operation;
  const { status } = response;
  const type = (response.headers.get('content-type') ?? '').split(';')[0] as string;
  const responses = document.paths[path]?.[method]?.responses as Readonly<Record<string, Json>>;
  const described = responses[status];
  expect(described, `${id} answers ${status}, of which the document tells nothing`).toBeDefined();
  const answer = operation.answers.find((each) => each.status === status);
  if (answer && !answer.content) {
    expect(await response.text()).toBe('');
    return undefined;
  }
  const { $ref } = described as { $ref?: string };
  const place = $ref ? $ref.slice(2).split('/') : ['paths', path, method, 'responses', String(status)];
  const content: Content | undefined = answer?.content?.find(
    (each) => (each.type ?? 'application/json') === type,
  );
  if (answer) expect(content, `${id} answers ${type}`).toBeDefined();
  if (content && !content.body) return Buffer.from(await response.arrayBuffer());
  const validate = at(...place, 'content', type, 'schema');
  const values =
    type === 'text/event-stream'
      ? eventsOf(await response.text())
      : [type.endsWith('json') ? await response.json() : await response.text()];
  const strict =
    content?.body &&
    ajv.compile(z.toJSONSchema(content.body.schema, { io: 'output', unrepresentable: 'any' }));
  for (const value of values) {
    expectValid(validate, value, `${id} ${status}`);
    if (strict) expectValid(strict, value, `${id} has fields that are not described`);
  }
  return values[0];
}

function eventsOf(text: string): unknown[] {
  const events = text
    .trim()
    .split('\n\n')
    .map((event) => event.replace(/^(?:event: .*\n)?data: /, ''));
  // OpenAI's streams end with a word; those with named events have one that says so.
  if (!text.startsWith('event: ')) expect(events.pop()).toBe('[DONE]');
  expect(events.length).toBeGreaterThan(0);
  return events.map((event) => JSON.parse(event));
}

/** Values of parameters that only a running server has. */
async function runningValue(name: string): Promise<unknown> {
  if (name === 'session_hash') {
    const response = await server.post('/apps/stateful_counter', {});
    return ((await response.json()) as Json).session_hash;
  }
  if (name === 'event_id') return (await server.post('/embed', { inputs: 'x' })).headers.get('x-event-id');
  throw new Error(`the parameter ${name} needs an example, or a value here`);
}

async function urlOf({ path, parameters = [] }: Operation): Promise<string> {
  let url = path;
  for (const { name, in: place, example } of parameters) {
    if (place === 'path')
      url = url.replace(`{${name}}`, encodeURIComponent(String(example ?? (await runningValue(name)))));
    else if (place === 'query' && example !== undefined)
      url += `${url.includes('?') ? '&' : '?'}${name}=${example}`;
  }
  return server.url + url;
}

const withBody = operations.filter((it) => it.request !== undefined);
const examples = withBody.flatMap((operation) =>
  (operation.request ?? []).flatMap((content) =>
    Object.entries(content.examples ?? {}).map(([name, body]) => ({
      operation,
      id: operation.id,
      name,
      body,
    })),
  ),
);

describe('examples of the document are taken, and answered as it says', () => {
  test('each endpoint that takes JSON has one', () => {
    const without = withBody
      .filter((it) => it.request?.some(({ type }) => type === undefined))
      .filter((it) => !examples.some(({ operation }) => operation === it));
    expect(without.map(({ id }) => id)).toEqual([]);
  });

  test.each(examples)('$id: $name', async ({ operation, body }) => {
    const { path, method } = operation;
    expectValid(
      at('paths', path, method, 'requestBody', 'content', 'application/json', 'schema'),
      body,
      'the example',
    );
    const response = await fetch(await urlOf(operation), {
      method: method.toUpperCase(),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    for (const header of operation.isTraced ? ['x-event-id', 'server-timing', 'x-total-time'] : [])
      expect(response.headers.get(header)).toBeTruthy();
    await expectAsDocumented(operation, response);
  });

  const bare = operations.filter((it) => it.request === undefined);
  // In the order of their methods: what is read comes before what is forgotten.
  test.each(bare.toSorted((a, b) => a.method.localeCompare(b.method)))('$id', async (operation) => {
    const response = await fetch(await urlOf(operation), { method: operation.method.toUpperCase() });
    expect(operation.answers.map(({ status }) => status)).toContain(response.status);
    await expectAsDocumented(operation, response);
  });
});

describe('other forms of bodies', () => {
  const operationOf = (id: string): Operation => operations.find((it) => it.id === id) as Operation;
  const image = (): Buffer => {
    const [example] = Object.values(operationOf('classifyImage').request?.[0]?.examples ?? {});
    return Buffer.from((example as { image: string }).image, 'base64');
  };
  const form = (field: string): FormData => {
    const data = new FormData();
    data.set(field, new Blob([image()]), 'seven.png');
    return data;
  };
  const header = Buffer.from(
    JSON.stringify({
      inputs: [
        { name: 'input_ids', datatype: 'INT64', shape: [1, 3], parameters: { binary_data_size: 24 } },
        { name: 'attention_mask', datatype: 'INT64', shape: [1, 3], data: [1, 1, 1] },
      ],
      parameters: { binary_data_output: true },
    }),
  );
  const tensors = (): RequestInit => ({
    body: Buffer.concat([header, Buffer.from(BigInt64Array.of(2n, 7n, 3n).buffer)]),
    headers: { 'inference-header-content-length': String(header.length) },
  });
  const raw = (type: string): RequestInit => ({ body: image(), headers: { 'content-type': type } });
  const bodies: Readonly<Record<string, () => RequestInit>> = {
    'fileHeavy multipart/form-data': () => ({ body: form('file') }),
    'fileHeavy application/octet-stream': () => raw('application/octet-stream'),
    'classifyImage multipart/form-data': () => ({ body: form('image') }),
    'classifyImage image/png': () => raw('image/png'),
    // What it is is seen in its first bytes.
    'classifyImage image/jpeg': () => raw('image/jpeg'),
    'infer application/octet-stream': tensors,
    'inferOfVersion application/octet-stream': tensors,
  };

  test.each(
    withBody.flatMap((operation) =>
      (operation.request ?? [])
        .filter(({ type }) => type !== undefined)
        .map(({ type }) => ({ operation, name: `${operation.id} ${type}` })),
    ),
  )('$name', async ({ operation, name }) => {
    const body = bodies[name];
    if (!body) throw new Error(`${name} needs a body here`);
    const response = await fetch(await urlOf(operation), { method: 'POST', ...body() });
    expect(response.status).toBe(200);
    await expectAsDocumented(operation, response);
  });
});

describe('refusals are those that the document tells of, in its form', () => {
  test.each(withBody)('$id', async (operation) => {
    const url = await urlOf(operation);
    const bodies: readonly RequestInit[] = [
      { body: '{"', headers: { 'content-type': 'application/json' } },
      { body: '[]', headers: { 'content-type': 'application/json' } },
      {
        body: '{"text": 1, "inputs": 1, "input": 1, "prompt": 1, "by": "x", "image": 1}',
        headers: { 'content-type': 'application/json' },
      },
      { body: 'hello', headers: { 'content-type': 'text/plain', 'content-encoding': 'zip' } },
    ];
    const statuses = new Set<number>();
    for (const body of bodies) {
      const response = await fetch(url, { method: operation.method.toUpperCase(), ...body });
      statuses.add(response.status);
      await expectAsDocumented(operation, response);
    }
    expect([...statuses].some((status) => status >= 400)).toBe(true);
  });

  test('404 of everything that has a name in its path', async () => {
    for (const operation of operations
      .filter(({ errors }) => errors?.includes(404))
      .filter(({ path, method }) => path.includes('{') && method !== 'post')) {
      const url = server.url + operation.path.replaceAll(/\{\w+\}/g, 'nothing');
      const response = await fetch(url, { method: operation.method.toUpperCase() });
      expect(response.status, operation.id).toBe(404);
      await expectAsDocumented(operation, response);
    }
  });
});
