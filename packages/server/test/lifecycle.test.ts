import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { inferometerProgram, startProcess, waitFor } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { encoderDir, lmDir, startServer, type TestServer } from './serving.ts';

/** Processes whose parent is the server: its executors. */
function executorsOf(server: TestServer): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === serverPid(server);
      } catch {
        return false;
      }
    });
}

/** setpriv, by which the testkit starts programs, becomes the server itself. */
function serverPid(server: TestServer): number {
  return server.process.pid;
}

test('a port that is taken is said, with exit code 2', async () => {
  await using first = await startServer({ args: ['--model', `e=${encoderDir}`] });
  const { port } = new URL(first.url);
  await expect(startServer({ args: ['--port', port, '--model', `e=${encoderDir}`] })).rejects.toThrow(
    `127.0.0.1 port ${port} is in use, choose another with --port`,
  );
});

test('readyz answers 200 once the models are warm; livez always', async () => {
  await using server = await startServer();
  expect(await server.get('/livez')).toEqual({ status: 'ok' });
  expect(await server.get('/readyz')).toEqual({
    status: 'ready',
    models: ['nickname-encoder', 'nickname-lm', 'image-digits'],
  });
});

test('SIGTERM lets requests in flight finish and ends with code 0', async () => {
  // The client keeps its connection alive: that must not hold up the end until the drain timeout.
  const server = await startServer({ args: ['--model', `lm=${lmDir}`, '--drain-timeout', '600000'] });
  const response = await server.post('/v1/completions', {
    prompt: 'mood: sleepy\n',
    max_tokens: 120,
    stream: true,
    seed: 4,
    n: 4,
  });
  server.process.signal('SIGTERM');
  const text = await response.text();
  expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
  expect(await server.process.exited).toEqual({ code: 0, signal: null });
});

test.skipIf(process.platform !== 'linux')('ends with the shell that npm started it in', async () => {
  const serve = `"${process.execPath}" "${inferometerProgram}" serve --port 0 --metrics-port off --model e="${encoderDir}"`;
  await using shell = await startProcess({
    command: 'sh',
    // A session of its own: what the testkit ends with the shell's process group must not be the server.
    args: ['-c', `setsid ${serve} & echo "server $!"; wait`],
    env: { npm_lifecycle_event: 'start' },
    ready: { output: /page\s+(http:\/\/\S+)\// },
    readyTimeoutMs: 90_000,
  });
  const pid = Number(/server (\d+)/.exec(shell.stdout())?.[1]);
  try {
    process.kill(pid, 0);
    process.kill(shell.pid, 'SIGTERM');
    await waitFor('the server to be gone', () => !existsSync(`/proc/${pid}`));
  } finally {
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
  }
});

test.skipIf(process.platform !== 'linux')(
  'what an executor that is killed had in it is run again, and it is started anew',
  async () => {
    await using server = await startServer({ args: ['--model', `e=${encoderDir}`, '--executors', '1'] });
    const [pid] = executorsOf(server);
    expect(pid).toBeGreaterThan(0);
    const load = Array.from({ length: 30 }, () =>
      server.post('/embed', { inputs: Array(40).fill('some words to run') }),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(pid as number, 'SIGKILL');
    const statuses = (await Promise.all(load)).map((response) => response.status);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    const recovered = await waitFor('an answer after the restart', async () => {
      const response = await server.post('/embed', { inputs: 'back again' });
      return response.status === 200;
    });
    expect(recovered).toBe(true);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('inference_executor_restarts_total{model="e"} 1');
    expect(executorsOf(server)).toHaveLength(1);
  },
);

test('a full queue is refused with 429 and Retry-After, and counted', async () => {
  await using server = await startServer({
    args: ['--model', `e=${encoderDir}`, '--executors', '1', '--max-queue', '8', '--max-batch-size', '1'],
  });
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => server.post('/embed', { inputs: Array(4).fill('words '.repeat(60)) })),
  );
  const refused = answers.filter((answer) => answer.status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(answers.some((answer) => answer.status === 200)).toBe(true);
  expect(refused[0]?.headers.get('retry-after')).toBe('1');
  expect(await refused[0]?.json()).toMatchObject({
    error_type: 'Overloaded',
    error: expect.stringContaining('the queue is full'),
  });
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain(
    `inference_requests_rejected_total{model="e",reason="queue_full"} ${refused.length}`,
  );
});

test('INFEROMETER_ENABLED=false serves and records nothing', async () => {
  await using server = await startServer({ env: { INFEROMETER_ENABLED: 'false' } });
  expect((await server.post('/embed', { inputs: 'unseen' })).status).toBe(200);
  expect(await server.get('/profiling/traces')).toEqual([]);
});
