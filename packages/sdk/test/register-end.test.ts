import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { flushAtEnd } from '@inferometer/sdk';
import {
  type Collector,
  describeWithParts,
  runProgram,
  startCollector,
  startProcess,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const ending = fileURLToPath(new URL('apps/ending.mjs', import.meta.url));
const register = '@inferometer/sdk/register';

/** Spans would leave after an hour: what arrives was flushed. */
const sendingTo = (url: string): Record<string, string | undefined> => ({
  ...withoutOwnSettings(),
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_PROMETHEUS_PORT: '0',
  OTEL_BSP_SCHEDULE_DELAY: '3600000',
  OTEL_SERVICE_NAME: 'ending',
});

const start = (url: string, args: readonly string[], env: Record<string, string> = {}) =>
  startProcess({
    command: 'node',
    args: ['--import', register, ending, ...args],
    env: { ...sendingTo(url), ...env },
    ready: { output: /^ready$/m },
  });

describeWithParts('the end of a process', ['otelcol'], () => {
  let collector: Collector;
  beforeAll(async () => {
    collector = await startCollector();
  });
  afterAll(() => collector.stop());
  const arrived = (name: string) => collector.waitForSpans((all) => all.some((span) => span.name === name));

  test.each([
    ['idle', '0', 0],
    ['idle', '3', 3],
    ['exit', '0', 0],
    ['exit', '5', 5],
    ['throw', '', 1],
    ['reject', '', 1],
  ])('%s %s flushes and keeps the exit code', async (how, code, expected) => {
    const before = (await collector.spans()).filter(({ name }) => name === `before ${how}`).length;
    const result = await runProgram('node', ['--import', register, ending, how, code], {
      env: sendingTo(collector.url),
    });
    expect(result.code).toBe(expected);
    if (how === 'throw') expect(result.stderr).toContain('Error: nobody catches this');
    if (how === 'reject') expect(result.stderr).toContain('Error: nobody handles this');
    await collector.waitForSpans(
      (all) => all.filter(({ name }) => name === `before ${how}`).length === before + 1,
    );
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s that nobody listens to flushes and ends by it',
    async (signal) => {
      const before = (await collector.spans()).filter(({ name }) => name === 'before wait').length;
      await using running = await start(collector.url, ['wait']);
      running.signal(signal);
      expect(await running.exited).toMatchObject({ signal });
      await collector.waitForSpans(
        (all) => all.filter(({ name }) => name === 'before wait').length === before + 1,
      );
    },
  );

  test('with mode inline, what waits on the main thread is flushed too', async () => {
    const inline = { INFEROMETER_MODE: 'inline', OTEL_SERVICE_NAME: 'inline' };
    const arrivals = async () => {
      const all = await collector.spans();
      return all.filter(({ resource }) => resource['service.name'] === 'inline').map(({ name }) => name);
    };
    const idle = await runProgram('node', ['--import', register, ending, 'idle', '3'], {
      env: { ...sendingTo(collector.url), ...inline },
    });
    expect(idle.code).toBe(3);
    await vi.waitFor(async () => expect(await arrivals()).toEqual(['before idle']), { timeout: 5000 });
    await using running = await start(collector.url, ['wait'], inline);
    running.signal('SIGTERM');
    expect(await running.exited).toMatchObject({ signal: 'SIGTERM' });
    await vi.waitFor(async () => expect(await arrivals()).toEqual(['before idle', 'before wait']), {
      timeout: 5000,
    });
  });

  test('an application that listens to SIGTERM drains and ends as it wants', async () => {
    await using running = await start(collector.url, ['drain', '7']);
    running.signal('SIGTERM');
    expect(await running.exited).toMatchObject({ code: 7, signal: null });
    await arrived('before drain');
    await arrived('while draining');
  });

  test('an application that ignores SIGTERM goes on', async () => {
    await using running = await start(collector.url, ['ignore']);
    running.signal('SIGTERM');
    await running.waitForOutput(/^ignored$/m);
    running.signal('SIGTERM');
    await running.waitForOutput(/ignored\nignored/);
    running.signal('SIGKILL');
    expect(await running.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('a listener that counts the others still ends the process', async () => {
    await using running = await start(collector.url, ['signal-exit']);
    running.signal('SIGTERM');
    expect(await running.exited).toMatchObject({ signal: 'SIGTERM' });
    await arrived('before signal-exit');
  });
});

test('a receiver that does not answer holds the end up for the limit, a second signal ends at once', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    for (const how of ['idle', 'exit']) {
      const startedMs = performance.now();
      const result = await runProgram('node', ['--import', register, ending, how, '4'], {
        env: { ...sendingTo(url), INFEROMETER_SHUTDOWN_LIMIT_MS: '1000' },
      });
      expect(result.code).toBe(4);
      expect(performance.now() - startedMs).toBeGreaterThan(1000);
    }
    await using patient = await start(url, ['wait'], { INFEROMETER_SHUTDOWN_LIMIT_MS: '600000' });
    patient.signal('SIGTERM');
    await vi.waitUntil(
      () => new Promise((resolve) => server.getConnections((_e, count) => resolve(count > 0))),
      {
        timeout: 10_000,
      },
    );
    patient.signal('SIGTERM');
    expect(await patient.exited).toMatchObject({ signal: 'SIGTERM' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

function fakeProcess(pid: number) {
  const kill = vi.fn();
  return { process: Object.assign(new EventEmitter(), { pid, kill }), kill };
}
const target = () => ({ flush: vi.fn(async () => {}), flushSync: vi.fn() });

test('as process 1, which an unheard signal does not end, it is flushed and goes on', async () => {
  const { process, kill } = fakeProcess(1);
  const flushable = target();
  flushAtEnd(flushable, 100, process);
  process.emit('SIGTERM');
  process.emit('SIGTERM');
  await vi.waitFor(() => expect(flushable.flush).toHaveBeenCalledTimes(2));
  await new Promise(setImmediate);
  expect(kill).not.toHaveBeenCalled();
  expect(process.listenerCount('SIGTERM')).toBe(1);
});

test('listens to a signal only while nobody else does', async () => {
  const { process, kill } = fakeProcess(2);
  const flushable = target();
  flushAtEnd(flushable, 100, process);
  const listener = vi.fn();
  process.once('SIGTERM', listener);
  await new Promise(setImmediate);
  expect(process.listenerCount('SIGTERM')).toBe(1);
  process.emit('SIGTERM');
  expect(listener).toHaveBeenCalledOnce();
  expect(flushable.flush).not.toHaveBeenCalled();
  // The application has heard its one signal: the next one ends the process, as it would without us.
  process.emit('SIGTERM');
  await vi.waitFor(() => expect(kill).toHaveBeenCalledExactlyOnceWith(2, 'SIGTERM'));
  expect(flushable.flush).toHaveBeenCalledOnce();
  expect(process.listenerCount('SIGTERM')).toBe(0);
});

test('a flush that never ends is given up after the limit, and one that fails is over', async () => {
  for (const flush of [() => new Promise<void>(() => {}), () => Promise.reject(new Error('no'))]) {
    const { process, kill } = fakeProcess(2);
    flushAtEnd({ flush, flushSync: () => {} }, 20, process);
    process.emit('SIGINT');
    await vi.waitFor(() => expect(kill).toHaveBeenCalledExactlyOnceWith(2, 'SIGINT'));
  }
});

test('what a flush before the exit took is no longer there for the one at the exit', async () => {
  const { process } = fakeProcess(2);
  const flushSync = vi.fn();
  flushAtEnd({ flush: () => new Promise<void>(() => {}), flushSync }, 30, process);
  process.emit('beforeExit');
  await new Promise((resolve) => setTimeout(resolve, 60));
  process.emit('exit');
  expect(flushSync).toHaveBeenCalledOnce();
  // A timer may come up to a millisecond before its time.
  expect(flushSync.mock.lastCall?.[0]).toBeLessThanOrEqual(1);
});

test('all listeners can be taken away again', () => {
  const { process } = fakeProcess(2);
  flushAtEnd(target(), 100, process)();
  expect(process.eventNames()).toEqual([]);
});
