import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CheckFinding, type Finding, formatFindings, hasErrors, inspect } from '@inferometer/sdk';
import { describeWithParts, freePort, startCollector, startFakeNvml, tempDir } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const checkOf = (findings: readonly Finding[], name: string): CheckFinding | undefined =>
  findings.find((one): one is CheckFinding => one.kind === 'check' && one.name === name);
const settingOf = (findings: readonly Finding[], name: string) =>
  findings.find((one) => one.kind === 'setting' && one.name === name);

/** Scrapes on a port that is free, so that nothing but the subject of a test is wrong. */
const quiet = async () => ({ OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()) });

async function serve(
  answer: (path: string | undefined) => { status: number; headers?: Record<string, string>; body?: string },
): Promise<{ server: Server; port: number } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const { status, headers = {}, body = '' } = answer(request.url);
    request.resume().on('end', () => response.writeHead(status, headers).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('lists settings with who says them', async () => {
  const findings = await inspect({
    ...(await quiet()),
    INFEROMETER_SLOW_MS: '50',
    OTEL_SERVICE_NAME: 'shop',
  });
  expect(settingOf(findings, 'INFEROMETER_SLOW_MS')).toMatchObject({ value: '50', origin: 'environment' });
  expect(settingOf(findings, 'INFEROMETER_TRACES_RATIO')).toMatchObject({ value: '1', origin: 'default' });
  expect(settingOf(findings, 'OTEL_SERVICE_NAME')).toMatchObject({ value: 'shop', origin: 'environment' });
  expect(checkOf(findings, 'service')).toMatchObject({ level: 'ok', message: 'shop' });
  expect(hasErrors(findings)).toBe(false);
});

test('a variable that cannot be followed is wrong, one that nothing reads is suspicious', async () => {
  const bad = await inspect({ OTEL_TRACES_SAMPLER: 'sometimes' });
  expect(checkOf(bad, 'configuration')).toMatchObject({
    level: 'error',
    message: expect.stringContaining('OTEL_TRACES_SAMPLER must be always_on'),
  });
  expect(hasErrors(bad)).toBe(true);

  const misspelt = await inspect(
    {
      ...(await quiet()),
      OTEL_EXPORTER_OTLP_ENDPONT: 'http://c:4318',
      INFEROMETER_TRACE_RATIO: '0.5',
      OTEL_SOMETHING_ELSE_ALTOGETHER: '1',
      INFEROMETER_MAX_BATCH_SIZE: '4',
      // Kubernetes says so of a Service that is named inferometer.
      INFEROMETER_SERVICE_HOST: '10.0.0.1',
      INFEROMETER_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
    },
    { knownVariables: ['INFEROMETER_MAX_BATCH_SIZE'] },
  );
  expect(checkOf(misspelt, 'OTEL_EXPORTER_OTLP_ENDPONT')?.message).toBe(
    'is not read by anything here; did you mean OTEL_EXPORTER_OTLP_ENDPOINT?',
  );
  expect(checkOf(misspelt, 'INFEROMETER_TRACE_RATIO')?.message).toMatch(
    'did you mean INFEROMETER_TRACES_RATIO?',
  );
  expect(checkOf(misspelt, 'OTEL_SOMETHING_ELSE_ALTOGETHER')?.message).toBe('is not read by anything here');
  for (const name of [
    'INFEROMETER_MAX_BATCH_SIZE',
    'INFEROMETER_SERVICE_HOST',
    'INFEROMETER_PORT_8080_TCP',
  ]) {
    expect(checkOf(misspelt, name)).toBeUndefined();
  }
});

test('where /profiling answers, and whom, once INFEROMETER_PROFILING asks for it', async () => {
  const check = async (env: Record<string, string>) =>
    checkOf(await inspect({ ...(await quiet()), ...env }), 'profiling');
  expect(await check({})).toBeUndefined();
  expect(await check({ INFEROMETER_PROFILING: '0' })).toBeUndefined();
  expect(await check({ INFEROMETER_PROFILING: '1' })).toMatchObject({
    level: 'ok',
    message: '/profiling at each HTTP server, for this machine alone',
  });
  expect(await check({ INFEROMETER_PROFILING: '1', INFEROMETER_PROFILING_TOKEN: 'x' })).toMatchObject({
    level: 'ok',
    message: expect.stringContaining('and whoever sends the token'),
  });
  const off = { INFEROMETER_PROFILING: '1', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'http' };
  expect(await check(off)).toMatchObject({ level: 'warning' });

  const set = await inspect({ ...(await quiet()), INFEROMETER_PROFILING: '1', INFEROMETER_PROFILNG: '1' });
  expect(settingOf(set, 'INFEROMETER_PROFILING')).toMatchObject({ value: 'true', origin: 'environment' });
  expect(checkOf(set, 'INFEROMETER_PROFILING')).toBeUndefined();
  expect(checkOf(set, 'INFEROMETER_PROFILNG')?.message).toMatch('did you mean INFEROMETER_PROFILING?');
});

test('secrets are not shown', async () => {
  const findings = await inspect({
    ...(await quiet()),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:hunter2@127.0.0.1:${await freePort()}`,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hunter2',
    INFEROMETER_PROFILING_TOKEN: 'hunter2',
  });
  expect(settingOf(findings, 'INFEROMETER_PROFILING_TOKEN')).toMatchObject({ value: '***' });
  expect(settingOf(findings, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS')).toMatchObject({
    value: 'authorization=***',
  });
  expect(JSON.stringify(findings)).not.toContain('hunter2');
  expect(formatFindings(findings)).not.toContain('hunter2');
});

describeWithParts('with a Collector', ['otelcol'], () => {
  test.each(['http/json', 'http/protobuf'])('it takes an empty request as %s', async (protocol) => {
    await using collector = await startCollector();
    const findings = await inspect({
      ...(await quiet()),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_METRICS_EXPORTER: 'otlp,prometheus',
    });
    expect(checkOf(findings, 'OTLP traces')).toMatchObject({
      level: 'ok',
      message: `${collector.url}/v1/traces answers 200`,
    });
    expect(checkOf(findings, 'OTLP metrics')).toMatchObject({ level: 'ok' });
    expect(checkOf(findings, 'clock')).toMatchObject({ level: 'ok' });
    expect(hasErrors(findings)).toBe(false);
  });
});

test('a receiver that is away, refuses, or has another time is said', async () => {
  const port = await freePort();
  const away = await inspect({ ...(await quiet()), OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  expect(checkOf(away, 'OTLP traces')).toMatchObject({
    level: 'error',
    message: expect.stringMatching(/\/v1\/traces cannot be reached: .*ECONNREFUSED/),
  });

  const anHourAgo = new Date(Date.now() - 3_600_000).toUTCString();
  await using refusing = await serve(() => ({ status: 401, headers: { date: anHourAgo } }));
  const refused = await inspect({
    ...(await quiet()),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${refusing.port}`,
  });
  expect(checkOf(refused, 'OTLP traces')).toMatchObject({
    level: 'error',
    message: expect.stringContaining('answers 401: look at OTEL_EXPORTER_OTLP_HEADERS'),
  });
  expect(checkOf(refused, 'clock')).toMatchObject({
    level: 'warning',
    message: expect.stringMatching(/^is 3[56]\d{5} ms ahead of that of http/),
  });
});

test('a receiver that says nothing is given up after two seconds', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const findings = await inspect({
      ...(await quiet()),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    expect(checkOf(findings, 'OTLP traces')?.message).toContain(
      'cannot be reached: no answer within 2000 ms',
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a metrics port that others have is wrong, one with metrics of ours is not', async () => {
  await using other = await serve(() => ({ status: 200, body: 'hello' }));
  const env = (port: number) => ({
    OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
  });
  expect(checkOf(await inspect(env(other.port)), 'metrics port')).toMatchObject({
    level: 'error',
    message: expect.stringContaining(`127.0.0.1:${other.port} is taken by another process`),
  });
  await using ours = await serve(() => ({ status: 200, body: 'inferometer_build_info{version="1"} 1\n' }));
  expect(checkOf(await inspect(env(ours.port)), 'metrics port')?.level).toBe('ok');
});

test('copies of the API with different versions are suspicious', async () => {
  await using dir = await tempDir('copies');
  const copy = async (path: string, version: string) => {
    await mkdir(dir.file(path), { recursive: true });
    await writeFile(
      dir.file(`${path}/package.json`),
      JSON.stringify({ name: '@opentelemetry/api', version }),
    );
  };
  await copy('node_modules/@opentelemetry/api', '1.9.0');
  await copy('node_modules/a/node_modules/@opentelemetry/api', '1.9.0');
  const env = await quiet();
  const check = async () => checkOf(await inspect(env, { directory: dir.path }), '@opentelemetry/api');
  expect(await check()).toMatchObject({ level: 'ok', message: expect.stringContaining('2 copies') });
  await copy('node_modules/@scope/b/node_modules/@opentelemetry/api', '1.3.0');
  await copy('node_modules/.pnpm/@opentelemetry+api@1.8.0/node_modules/@opentelemetry/api', '1.8.0');
  expect(await check()).toMatchObject({
    level: 'warning',
    message: expect.stringMatching(/4 copies: .*1\.3\.0 in .*bring them to one version/),
  });
});

test('with a configuration file, its settings and the variables that count for nothing', async () => {
  await using dir = await tempDir('doctor-file');
  const file = dir.file('otel.yaml');
  await writeFile(
    file,
    'file_format: "1.0"\npropagator: { composite: [{ tracecontext: }] }\ndistribution: { inferometer: { mode: inline } }\n',
  );
  const env = { OTEL_CONFIG_FILE: file, OTEL_SERVICE_NAME: 'lost', INFEROMETER_SLOW_MS: '5' };
  const findings = await inspect(env);
  expect(settingOf(findings, 'OTEL_PROPAGATORS')).toMatchObject({ value: 'tracecontext', origin: 'file' });
  expect(settingOf(findings, 'INFEROMETER_MODE')).toMatchObject({ value: 'inline', origin: 'file' });
  expect(settingOf(findings, 'INFEROMETER_SLOW_MS')).toMatchObject({ value: '5', origin: 'environment' });
  expect(settingOf(findings, 'INFEROMETER_LABEL_LIMIT')).toMatchObject({ value: '100', origin: 'default' });
  expect(formatFindings(findings)).toContain('OTEL_SERVICE_NAME beside the file count for nothing');

  await writeFile(
    file,
    'file_format: "1.0"\ntracer_provider: { processors: [{ batch: { exporter: { console: } } }] }\n',
  );
  const wrong = await inspect(env);
  expect(checkOf(wrong, 'configuration')?.message).toContain(
    'tracer_provider.processors[0].batch.exporter.console is not here',
  );
  expect(hasErrors(wrong)).toBe(true);
});

test('telemetry that is off is said, with what turned it off', async () => {
  const findings = await inspect({ INFEROMETER_ENABLED: 'false' });
  expect(checkOf(findings, 'telemetry')?.message).toBe('is off, by INFEROMETER_ENABLED or OTEL_SDK_DISABLED');
});

test('the report has a line per setting and check, and counts what is wrong', () => {
  const text = formatFindings([
    { kind: 'setting', name: 'OTEL_A', value: '1', origin: 'environment' },
    { kind: 'setting', name: 'OTEL_LONGER', value: undefined, origin: 'default' },
    { kind: 'check', level: 'ok', name: 'Node', message: '24' },
    { kind: 'check', level: 'error', name: 'port', message: 'taken' },
  ]);
  expect(text).toBe(`Settings in force
  OTEL_A       1  (environment)
  OTEL_LONGER  -

Checks
  ok       Node: 24
  ERROR    port: taken

1 wrong, 0 to look at
`);
});

test('a machine without a GPU is told so, and where its library was looked for', async () => {
  const off = await inspect({ ...(await quiet()), INFEROMETER_GPU: 'off' });
  expect(checkOf(off, 'GPU')).toMatchObject({
    level: 'ok',
    message: 'is not looked for, by INFEROMETER_GPU',
  });
  const named = await inspect({ ...(await quiet()), INFEROMETER_NVML_LIBRARY: '/nowhere/libnvidia-ml.so.1' });
  expect(checkOf(named, 'GPU')).toMatchObject({
    level: 'warning',
    message: expect.stringContaining('/nowhere/libnvidia-ml.so.1 cannot be loaded'),
  });
});

describeWithParts('with an NVIDIA driver', ['cc'], () => {
  test('its version and devices are told, and why there are none', async () => {
    await using fake = await startFakeNvml('devices 2\ndriver 580.95.05\n* power 1000\n1 remapped 0 0 1 0\n');
    const seen = await inspect({ ...(await quiet()), ...fake.env });
    const lines = seen.filter((one) => one.kind === 'check' && one.name === 'GPU') as CheckFinding[];
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['ok', `${fake.library}, driver 580.95.05, 2 to read`],
      ['ok', expect.stringMatching(/^NVIDIA H100.* GPU-\S+0, cuda:0, is ok$/)],
      ['warning', expect.stringMatching(/GPU-\S+1, cuda:1, is degraded$/)],
    ]);
    const none = await inspect({ ...(await quiet()), ...fake.env, CUDA_VISIBLE_DEVICES: '-1' });
    expect(checkOf(none, 'GPU')).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('none of 2 devices'),
    });
    await fake.say('init hang\n');
    const hung = await inspect({ ...(await quiet()), ...fake.env, INFEROMETER_GPU_TIMEOUT_MS: '1000' });
    expect(checkOf(hung, 'GPU')?.message).toContain('the driver has not answered for 1000 ms');
  });
});
