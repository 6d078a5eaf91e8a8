import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { freePorts, runProgram, startProcess, tempDir, waitFor, withFreePorts } from '../src/index.ts';
import { isGone } from './gone.ts';

/** Runs JavaScript in a Node of its own. */
const script = (code: string) => ({ command: process.execPath, args: ['-e', code], name: 'script' });
const serve = `const server = require('http').createServer((_, answer) => answer.end('ok'));
  server.listen(0, '127.0.0.1', () => console.log('listening on ' + server.address().port));`;

describe('startProcess', () => {
  test('is ready when the output matches and the URL made from the match answers', async () => {
    const url = ([, port]: RegExpExecArray) => `http://127.0.0.1:${port}/`;
    await using server = await startProcess({
      ...script(serve),
      ready: { output: /listening on (\d+)/, url },
    });
    const port = server.match?.[1];
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('ok');
    expect(server.stdout()).toBe(`listening on ${port}\n`);
  });

  test('is gone after stop, which says how it ended, each time', async () => {
    const server = await startProcess({ ...script(serve), ready: { output: /listening/ } });
    expect(isGone(server.pid)).toBe(false);
    expect(await server.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(isGone(server.pid)).toBe(true);
    expect(await server.stop()).toEqual(await server.exited);
  });

  test('waits for what a process prints later, and not beyond its end', async () => {
    const code = `setTimeout(() => console.log('late'), 50); setTimeout(() => process.exit(2), 100)`;
    await using running = await startProcess(script(code));
    expect((await running.waitForOutput(/l(.*)e/))[1]).toBe('at');
    await expect(running.waitForOutput(/never/)).rejects.toThrow(
      'script ended (exit code 2) without printing /never/. The last lines that it printed:\n  | late',
    );
  });

  test('kills a process that ignores SIGTERM, and its children', async () => {
    const stubborn = `process.on('SIGTERM', () => console.log('no'));
      const child = require('child_process').spawn('sleep', ['1000'], { stdio: 'inherit' });
      console.log('child ' + child.pid); setInterval(() => {}, 1000);`;
    const running = await startProcess({
      ...script(stubborn),
      ready: { output: /child (\d+)/ },
      stopTimeoutMs: 200,
    });
    expect(await running.stop()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(running.stdout()).toContain('no\n');
    await waitFor('the child to be gone', () => isGone(Number(running.match?.[1])));
  });

  test('fails with the last lines when the process ends before it is ready', async () => {
    const start = startProcess({
      ...script(`console.error('bad flag'); process.exit(3)`),
      ready: { output: /up/ },
    });
    await expect(start).rejects.toThrow(
      'script ended (exit code 3) before it was ready. The last lines that it printed:\n  | bad flag',
    );
  });

  test('fails in time with the reason when it never gets ready, and leaves no process', async () => {
    const [port] = await freePorts(1);
    const url = `http://127.0.0.1:${port}/`;
    const code = `console.log(process.pid); setInterval(() => {}, 1000);`;
    const error = await startProcess({ ...script(code), ready: { url }, readyTimeoutMs: 1_500 }).catch(
      (e) => e,
    );
    expect(error.message).toMatch(/^script was not ready after 1500 ms: GET .*ECONNREFUSED/);
    expect(isGone(Number(/\| (\d+)$/.exec(error.message)?.[1]))).toBe(true);
  });

  test('names a program that does not exist', async () => {
    await expect(startProcess({ command: 'no-such-program' })).rejects.toThrow('no program no-such-program');
  });

  test('passes and removes environment variables', async () => {
    const code = `console.log(process.env.GIVEN, process.env.HOME); setInterval(() => {}, 1000);`;
    const env = { GIVEN: 'yes', HOME: undefined };
    await using running = await startProcess({ ...script(code), env, ready: { output: /\n/ } });
    expect(running.stdout()).toBe('yes undefined\n');
  });

  test.each(['exit', 'crash'])(
    'processes and folders end with the process that started them: %s',
    async (how) => {
      const fixture = fileURLToPath(new URL('fixtures/leaves-things.ts', import.meta.url));
      const { stdout, stderr } = await runProgram(process.execPath, [fixture, how]);
      const [pid, folder] = stdout.trim().split(' ');
      expect(folder, stderr).toMatch(/inferometer-left-/);
      await waitFor('the process to be gone', () => isGone(Number(pid)), { timeoutMs: 5_000 });
      expect(existsSync(folder as string)).toBe(false);
    },
  );

  test.runIf(process.platform === 'linux')('processes end even if who started them is killed', async () => {
    const fixture = fileURLToPath(new URL('fixtures/leaves-things.ts', import.meta.url));
    const parent = await startProcess({
      command: process.execPath,
      args: [fixture, 'wait'],
      ready: { output: /(\d+) (.*)\n/ },
    });
    await using _folder = { [Symbol.asyncDispose]: () => removed(parent.match?.[2]) };
    parent.signal('SIGKILL');
    await parent.exited;
    await waitFor('the process to be gone', () => isGone(Number(parent.match?.[1])), { timeoutMs: 5_000 });
  });
});

test('withFreePorts tries other ports when somebody took the first', async () => {
  const tried: number[] = [];
  await withFreePorts(1, async ([port]) => {
    tried.push(port as number);
    if (tried.length === 1) {
      const taken = createServer().listen(port, '127.0.0.1');
      await waitFor('the port to be taken', () => taken.listening);
      const code = `require('http').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
      try {
        await startProcess({ ...script(code), ready: { output: /^up$/m } });
      } finally {
        taken.close();
      }
    }
  });
  expect(new Set(tried).size).toBe(2);
});

test('a temporary folder is gone after its scope', async () => {
  let path: string;
  {
    await using dir = await tempDir('scope');
    path = dir.path;
    expect(existsSync(path)).toBe(true);
  }
  expect(existsSync(path)).toBe(false);
});

async function removed(path: string | undefined): Promise<void> {
  const { rm } = await import('node:fs/promises');
  if (path?.includes('inferometer-left-')) await rm(path, { recursive: true, force: true });
}
