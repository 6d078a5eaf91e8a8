import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeMissing } from '../src/global-setup.ts';
import { findPart, isCi, judge, missingParts, requirePart, runProgram, tempDir } from '../src/index.ts';

afterEach(() => vi.unstubAllEnvs());

describe('without any part', () => {
  beforeEach(() => {
    vi.stubEnv('INFEROMETER_TOOLS', '/nonexistent');
    vi.stubEnv('PATH', '/nonexistent');
  });

  test('requirePart says how to get it', () => {
    expect(findPart('helm')).toBeUndefined();
    expect(() => requirePart('helm')).toThrow(
      /^helm is not on this machine; get it with: npm run parts -- helm \(Go/,
    );
  });

  test('a suite is skipped, but fails under CI', () => {
    const reason = expect.stringMatching(/^needs npm run parts -- etcd \(.*\) and npm run parts -- helm \(/);
    expect(judge(['etcd', 'helm'], false)).toEqual({ outcome: 'skip', reason });
    expect(judge(['etcd', 'helm'], true)).toEqual({ outcome: 'fail', reason });
  });

  test('INFEROMETER_PART_… names another program', () => {
    vi.stubEnv('INFEROMETER_PART_KUBE_APISERVER', process.execPath);
    expect(findPart('kube-apiserver')).toEqual({ name: 'kube-apiserver', path: process.execPath });
    expect(missingParts(['kube-apiserver', 'etcd'])).toEqual(['etcd']);
    vi.stubEnv('INFEROMETER_PART_ETCD', '/nonexistent/etcd');
    expect(() => findPart('etcd')).toThrow(
      'INFEROMETER_PART_ETCD must name a program, got /nonexistent/etcd',
    );
  });

  test('the summary after a run names every part once', () => {
    const summary = describeMissing(false);
    expect(summary).toMatch(/are skipped/);
    for (const name of ['prometheus', 'chromium', 'python']) {
      expect(summary?.match(new RegExp(`npm run parts -- ${name} `, 'g'))).toHaveLength(1);
    }
  });
});

test.each([
  [undefined, false],
  ['', false],
  ['false', false],
  ['0', false],
  ['true', true],
  ['1', true],
])('CI=%s is continuous integration: %s', (value, expected) => {
  vi.stubEnv('CI', value);
  expect(isCi()).toBe(expected);
});

describe('a vitest run without the part', () => {
  const run = async (ci: string) => {
    await using cache = await tempDir('vite');
    const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')));
    const root = fileURLToPath(new URL('fixtures/needs-a-part', import.meta.url));
    // The outer vitest's settings must not reach the inner one.
    const outer = Object.keys(process.env).filter((name) => name.startsWith('VITEST'));
    const without = Object.fromEntries(outer.map((name) => [name, undefined]));
    const env = { ...without, CI: ci, INFEROMETER_TOOLS: '/nonexistent', NO_COLOR: '1', CACHE: cache.path };
    return await runProgram(process.execPath, [vitest, 'run', '--root', root, '--reporter=verbose'], { env });
  };

  test('shows the suite as skipped and says how to get the part', async () => {
    const { code, stdout, stderr } = await run('');
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/1 skipped/);
    expect(stdout).toMatch(/↓ .*collects > needs npm run parts -- otelcol/);
    expect(stderr).toMatch(/otelcol +npm run parts -- otelcol/);
  });

  test('fails under CI', async () => {
    const { code, stdout, stderr } = await run('true');
    expect(code, stdout).toBe(1);
    expect(stderr).toMatch(/under CI that is a failure: needs npm run parts -- otelcol/);
  });
});
