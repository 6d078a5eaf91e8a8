import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createTelemetry, type MonoMs, monoNow } from '@inferometer/core';
import {
  createRandom,
  type EmbeddingModel,
  type Encoded,
  type ExecutorKind,
  encodedFromIds,
  loadModel,
  type ModelOptions,
  readModelDirectory,
} from '@inferometer/engine';
import { waitFor } from '@inferometer/testkit';
import { afterEach, describe, expect, test } from 'vitest';

const directory = readModelDirectory(
  fileURLToPath(new URL('../../server/models/nickname-encoder', import.meta.url)),
);

const open: EmbeddingModel[] = [];

async function load(options: ModelOptions & { readonly restarts?: () => void }): Promise<EmbeddingModel> {
  const { restarts, ...rest } = options;
  const telemetry = createTelemetry({ observers: restarts ? [{ executorRestarted: restarts }] : [] });
  const model = await loadModel('e', directory, telemetry, { soloThreads: 0, warmUpMs: 0, ...rest });
  if (model.kind !== 'embedding') throw new Error('expected a model that embeds');
  open.push(model);
  return model;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((model) => model.close()));
});

/** Executor processes of this test process. */
function executors(): number[] {
  const tasks = readdirSync('/proc/self/task');
  return tasks
    .flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' '))
    .map(Number)
    .filter((pid) => pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('executor/main'));
}

function texts(model: EmbeddingModel, count: number, seed = 1): Encoded[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const length = 3 + Math.floor(random() * 60);
    const ids = Array.from({ length }, () => Math.floor(random() * model.tokenizer.vocabularySize));
    return encodedFromIds(ids, model.tokenizer, model.directory.maxTokens, 'input');
  });
}

function furthest(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let worst = 0;
  a.forEach((vector, row) => {
    vector.forEach((value, column) => {
      worst = Math.max(worst, Math.abs(value - ((b[row] as Float32Array)[column] as number)));
    });
  });
  return worst;
}

describe.each<ExecutorKind>(['process', 'worker'])('executors as %s', (executorKind) => {
  test('many calls at once, of all sizes and lengths, get what each gets alone', async () => {
    const model = await load({ executors: 2, executorKind, maxQueue: 1e6 });
    const all = texts(model, executorKind === 'process' ? 10_000 : 1000, 7);
    const alone: Float32Array[] = [];
    for (const text of all) alone.push(...(await model.embed([text])));
    const random = createRandom(3);
    const calls: Promise<Float32Array[]>[] = [];
    for (let at = 0; at < all.length; ) {
      // Mostly one text a call, now and then many.
      const size = random() < 0.9 ? 1 : 1 + Math.floor(random() * 20);
      calls.push(model.embed(all.slice(at, at + size)));
      at += size;
      if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
    }
    const together = (await Promise.all(calls)).flat();
    expect(together).toHaveLength(all.length);
    expect(furthest(together, alone)).toBeLessThan(1e-5);
  }, 300_000);

  test('a call that is cancelled or late while it queues is not run', async () => {
    const model = await load({ executors: 1, executorKind, maxBatchSize: 1 });
    const [text] = texts(model, 1) as [Encoded];
    // One runs, the rest queue behind it.
    const running = Array.from({ length: 50 }, () => model.embed([text]));
    const gone = new AbortController();
    const cancelled = model.embed([text], { signal: gone.signal });
    const late = model.embed([text], { deadline: (monoNow() + 0.5) as MonoMs });
    const lateFailure = expect(late).rejects.toMatchObject({
      reason: expect.stringMatching(/deadline|expired/),
    });
    gone.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    await lateFailure;
    expect(await Promise.all(running)).toHaveLength(50);
  });

  test('urgent calls leave before the others, and one tenant’s flood does not hold up another', async () => {
    const model = await load({ executors: 1, executorKind, maxBatchSize: 1, maxPassOverMs: 60_000 });
    const [text] = texts(model, 1) as [Encoded];
    const order: string[] = [];
    const call = (name: string, options: Parameters<EmbeddingModel['embed']>[1]): Promise<unknown> =>
      model.embed([text], options).then(() => order.push(name));
    const first = call('first', {});
    const flood = Array.from({ length: 30 }, () => call('flood', { tenant: 'a' }));
    const low = call('low', { priority: 'low' });
    const other = call('other', { tenant: 'b' });
    const high = call('high', { priority: 'high' });
    await Promise.all([first, ...flood, low, other, high]);
    expect(order[0]).toBe('first');
    expect(order[1]).toBe('high');
    expect(order.indexOf('other')).toBeLessThanOrEqual(3);
    expect(order.at(-1)).toBe('low');
  });
});

describe('an executor that dies', () => {
  test('SIGKILL in the middle of batches: all calls are answered, by runs of their own', async () => {
    let restarts = 0;
    const model = await load({ executors: 2, restarts: () => restarts++ });
    const all = texts(model, 400, 5);
    const expected: Float32Array[] = [];
    for (const text of all) expected.push(...(await model.embed([text])));
    const calls = all.map((text) => model.embed([text]));
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const pid of executors()) process.kill(pid, 'SIGKILL');
    const vectors = (await Promise.all(calls)).flat();
    expect(furthest(vectors, expected)).toBeLessThan(1e-5);
    expect(restarts).toBeGreaterThan(0);
  }, 60_000);

  test('what two executors die of fails, and nothing else does', async () => {
    const model = await load({ executors: 1 });
    const all = texts(model, 20, 9);
    let kills = 0;
    // Whatever runs is killed, twice: the second time it is a run of its own.
    const killer = (async () => {
      while (kills < 2) {
        const [pid] = executors();
        const call = model.embed(all);
        if (pid !== undefined) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          process.kill(pid, 'SIGKILL');
          kills++;
          await waitFor('the next executor', () => executors().some((each) => each !== pid));
        }
        await call.catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'EXECUTOR_CRASHED' });
        });
      }
    })();
    await killer;
    expect(await model.embed(all)).toHaveLength(20);
  }, 60_000);

  test('a run that never ends is ended at its hard limit; the next one is served', async () => {
    const model = await load({ executors: 1, hardTimeoutMs: 300 });
    const [text] = texts(model, 1) as [Encoded];
    await model.embed([text]);
    const [stuck] = executors();
    process.kill(stuck as number, 'SIGSTOP');
    const begun = monoNow();
    await expect(model.embed([text])).rejects.toMatchObject({
      code: 'RUN_TIMEOUT',
      message: expect.stringContaining('300 ms'),
    });
    expect(monoNow() - begun).toBeGreaterThanOrEqual(299);
    await waitFor('the stuck process to be gone', () => !executors().includes(stuck as number));
    expect(await model.embed([text])).toHaveLength(1);
  }, 30_000);

  test('executors are pinned to the processors that are named', async () => {
    await load({ executors: 1, cpus: [0] });
    const [pid] = executors();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(/Cpus_allowed_list:\s*(\S+)/.exec(status)?.[1]).toBe('0');
  });
});

test('one more executor with all threads comes up, and runs what is alone', async () => {
  const model = await load({ executors: 2, soloThreads: 2 });
  const [text] = texts(model, 1) as [Encoded];
  await waitFor('three executors', () => executors().length === 3);
  const [alone] = await model.embed([text]);
  const [again] = await model.embed([text]);
  expect(furthest([alone as Float32Array], [again as Float32Array])).toBeLessThan(1e-6);
}, 30_000);
