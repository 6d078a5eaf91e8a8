import { loadConfig, startTelemetry } from '@inferometer/sdk';
import { Validator } from '@seriousme/openapi-schema-validator';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createApp } from '../src/http/app.ts';
import { openApiDocument } from '../src/http/openapi/document.ts';
import type { Operation } from '../src/http/openapi/operation.ts';
import { operations } from '../src/http/openapi/operations.ts';
import { createModelRegistry } from '../src/models/registry.ts';
import { createNamers } from '../src/nicknames/namers.ts';
import { pipelineOperations } from '../src/pipeline/operations.ts';
import { routesOf } from './routes-of.ts';

const config = loadConfig();
const telemetry = startTelemetry({
  serviceName: 'test',
  version: '0',
  config: { ...config, metrics: { ...config.metrics, prometheus: undefined } },
});
const registry = createModelRegistry({ models: [], repositories: [] });
afterAll(async () => {
  await registry.close();
  await telemetry.shutdown();
});

const app = createApp({
  telemetry,
  registry,
  namers: createNamers(),
  log: pino({ level: 'silent' }),
  isDraining: () => false,
  maxBodyBytes: 1000,
  maxUploadBytes: 1000,
  maxTensorBytes: 1000,
  limits: { maxInputs: 10 },
  responses: undefined,
  pipelines: [],
  bodyPriorities: { areUsed: false },
  streams: { pingMs: 1000, stallMs: 1000 },
});

/** A path that the operation's pattern stands for. */
const pathOf = ({ path }: Operation): string => path.replaceAll(/\{\w+\}/g, 'x');

test('every route is described', () => {
  const routes = routesOf(app);
  expect(routes.length).toBeGreaterThan(8);
  const missing = routes
    .filter(({ method, takes }) => !operations.some((it) => it.method === method && takes(pathOf(it))))
    .map(({ method, path }) => `${method} …${path}`);
  expect(missing, 'has no entry in http/openapi/operations.ts').toEqual([]);
});

test('everything described is a route', () => {
  const routes = routesOf(app);
  // Answered by a function of another package, which has no routes that Express knows.
  const own = operations.filter(({ path }) => !path.startsWith('/profiling'));
  const missing = own
    .filter((it) => !routes.some(({ method, takes }) => it.method === method && takes(pathOf(it))))
    .map(({ method, path }) => `${method} ${path}`);
  expect(missing).toEqual([]);
});

test('a route without a description would be found', () => {
  const found = routesOf({
    router: {
      stack: [
        {
          match: (path: string) => path.startsWith('/new') && { path: '/new' },
          handle: {
            stack: [
              {
                route: { path: '/thing', methods: { post: true } },
                match: (path: string) => path === '/thing',
              },
            ],
          },
        },
      ],
    },
  });
  expect(found).toHaveLength(1);
  expect(found[0]?.takes('/new/thing')).toBe(true);
  expect(operations.some((it) => found[0]?.takes(pathOf(it)))).toBe(false);
});

test('the document is valid OpenAPI 3.1', async () => {
  const document = JSON.parse(JSON.stringify(openApiDocument(operations, '1.2.3')));
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

test('references lead somewhere, and nothing is defined that nobody refers to', () => {
  const { components, paths } = openApiDocument(operations, '1.2.3');
  const text = JSON.stringify({ components, paths });
  const used = new Set(
    [...text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)].map(([, kind, name]) => `${kind}/${name}`),
  );
  const defined = Object.entries(components).flatMap(([kind, of]) =>
    Object.keys(of).map((name) => `${kind}/${name}`),
  );
  expect([...used].sort()).toEqual(defined.sort());
});

test('pipelines are described as far as their schemas tell', async () => {
  const input = z.object({ text: z.string().min(1) });
  const document = openApiDocument(
    [
      ...operations,
      ...pipelineOperations([
        { path: '/moods/of', name: 'm', pipeline: { model: 'x', input } },
        { path: '/raw', name: 'r', pipeline: { model: 'x' } },
      ]),
    ],
    '1.2.3',
  );
  expect(document.components.schemas['moods_of.Request']).toMatchObject({ required: ['text'] });
  expect(document.paths['/raw']?.post).toMatchObject({
    operationId: 'run_raw',
    requestBody: { content: { 'application/json': {}, 'application/octet-stream': {} } },
  });
  const { valid } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  expect(valid).toBe(true);
});

test('two operations of one path, one id or one name for two schemas are mistakes that are told', () => {
  const [first] = operations as [Operation];
  expect(() => openApiDocument([first, first], '0')).toThrow(/described twice/);
  expect(() => openApiDocument([first, { ...first, path: '/other' }], '0')).toThrow(/used twice/);
});
