import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BatchRecord, monoNow } from '@inferometer/core';
import { createRandom, type GenerativeModel, type Sampling } from '@inferometer/engine';
import { describeWithParts, waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { greedy, lmDir, makeDecoders, openDecoder } from './decoders.ts';

interface Work {
  readonly prompt: Int32Array;
  readonly sampling: Sampling;
  /** Before it is started, ms. */
  readonly wait: number;
}

/** Prompts, lengths, draws and arrivals by a seed. */
function randomWork(count: number, vocabulary: number, seed: number): Work[] {
  const random = createRandom(seed);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  return Array.from({ length: count }, (_, i) => ({
    prompt: Int32Array.from({ length: 1 + upTo(i % 3 === 0 ? 60 : 12) }, () => 3 + upTo(vocabulary - 3)),
    sampling: {
      maxTokens: 1 + upTo(40),
      temperature: i % 2 === 0 ? 0 : 0.5 + random(),
      topK: i % 4 === 1 ? 20 : 0,
      topP: i % 5 === 1 ? 0.9 : 1,
      seed: upTo(2 ** 31),
      repetitionPenalty: i % 3 === 1 ? 1.3 : 1,
      frequencyPenalty: i % 7 === 3 ? 0.5 : 0,
      ignoreEos: i % 2 === 1,
    },
    wait: upTo(60),
  }));
}

async function tokensOf(model: GenerativeModel, { prompt, sampling }: Work): Promise<string> {
  const { text, tokens, reason } = await model.generate(prompt, { sampling });
  return `${tokens} ${reason} ${text}`;
}

/** Asks one after the other, then all with their waits, and expects the same. */
async function expectSame(model: GenerativeModel, work: readonly Work[]): Promise<void> {
  const alone: string[] = [];
  for (const one of work) alone.push(await tokensOf(model, one));
  const together = await Promise.all(
    work.map(async (one) => {
      await delay(one.wait);
      return tokensOf(model, one);
    }),
  );
  expect(together).toEqual(alone);
  expect(new Set(alone).size).toBeGreaterThan(work.length / 2);
}

/** Processes that this one has started and that run a model. */
function childrenOf(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const [, rest = ''] = readFileSync(`/proc/${child}/stat`, 'utf8').split(') ');
        const [state, parent] = rest.split(' ');
        return (
          state !== 'Z' &&
          Number(parent) === pid &&
          readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('executor')
        );
      } catch {
        return false;
      }
    });
  return children;
}

describe('nickname-lm', { timeout: 90_000 }, () => {
  test('generations that share steps make the tokens that each makes alone', async () => {
    await using bench = await openDecoder(lmDir);
    expect(bench.model.together).toBe(true);
    await expectSame(bench.model, randomWork(30, 4096, 11));
    const sizes = bench.runs.filter(({ reason }) => reason === 'decode').map(({ size }) => size);
    expect(Math.max(...sizes)).toBe(8);
    expect(Math.max(...bench.runs.map(({ paddingRatio }) => paddingRatio))).toBeGreaterThan(0.2);
  });

  test('a model whose rows influence each other takes turns, and gives the same as well', async () => {
    await using bench = await openDecoder(join(lmDir, 'model_int8.onnx'));
    expect(bench.model.together).toBe(false);
    await expectSame(bench.model, randomWork(12, 4096, 5));
    expect(new Set(bench.runs.map(({ size }) => size))).toEqual(new Set([1]));
  });

  test('the time of shared runs is shared out to the nanosecond', async () => {
    await using bench = await openDecoder(lmDir);
    const { model, telemetry } = bench;
    let input = 0;
    const records = await Promise.all(
      randomWork(16, 4096, 3).map(async ({ prompt, sampling, wait }) => {
        await delay(wait);
        input += prompt.length;
        const opened = telemetry.openRequest({ method: '', path: 'generate' });
        await model.generate(prompt, { sampling, trace: opened.trace });
        return opened.close({ status: 200 });
      }),
    );
    const ns = (ms: number): number => Math.round(ms * 1e6);
    const shared = records.reduce((sum, { deviceMs }) => sum + ns(deviceMs), 0);
    const ran = bench.runs.reduce((sum, { runStart, runEnd }) => sum + ns(runEnd - runStart), 0);
    expect(shared).toBe(ran);
    const cpu = bench.runs.reduce((sum, { cpuMs = 0 }) => sum + ns(cpuMs), 0);
    expect(cpu).toBeGreaterThan(0);
    expect(records.reduce((sum, { cpuMs }) => sum + ns(cpuMs), 0)).toBe(cpu);
    expect(new Set(records.map(({ device }) => device))).toEqual(new Set(['cpu']));
    const counted = (pick: (run: BatchRecord) => number | undefined): number =>
      bench.runs.reduce((sum, run) => sum + (pick(run) ?? 0), 0);
    expect(counted(({ inputTokens }) => inputTokens)).toBe(input);
    expect(counted(({ outputTokens }) => outputTokens)).toBe(
      records.reduce((sum, { generation }) => sum + (generation?.tokens ?? 0), 0),
    );
    for (const { totals, totalUs } of records) {
      expect(totals.reduce((sum, { durationUs }) => sum + durationUs, 0)).toBe(totalUs);
    }
    const many = records.filter(({ generation }) => (generation?.tokens ?? 0) > 1);
    expect(many.length).toBeGreaterThan(8);
    for (const { generation } of many) {
      expect(generation?.gaps).toBe((generation?.tokens ?? 0) - 1);
      expect(generation?.betweenUs).toBeCloseTo((generation?.lastUs ?? 0) - (generation?.firstUs ?? 0), -1);
    }
  });

  test('a cancelled generation gives its place back within a step', async () => {
    await using bench = await openDecoder(lmDir, { maxGenerations: 1 });
    const { model, runs } = bench;
    const leave = new AbortController();
    const prompt = Int32Array.of(1, 50, 60);
    const sampling = { ...greedy(200), ignoreEos: true };
    let heard = 0;
    const first = model.generate(prompt, { sampling, signal: leave.signal, onText: () => heard++ });
    const second = model.generate(prompt, { sampling: greedy(3) });
    await waitFor('the first text', () => heard > 2, { intervalMs: 1 });
    const before = runs.length;
    leave.abort();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    await second;
    // The step in progress, those made while the word was on its way there and they on theirs here, and the second one's
    // own three: of the hundreds that the first had before it.
    expect(runs.length - before).toBeLessThanOrEqual(20 + 3);
    // One that waits is dropped without a run.
    const [running, waiting] = [new AbortController(), new AbortController()];
    const third = model.generate(prompt, { sampling, signal: running.signal });
    const fourth = model.generate(prompt, { sampling, signal: waiting.signal });
    waiting.abort();
    await expect(fourth).rejects.toMatchObject({ code: 'CANCELLED' });
    running.abort();
    await expect(third).rejects.toMatchObject({ code: 'CANCELLED' });
    await model.generate(prompt, { sampling: greedy(1) });
  });

  test('a generation whose reader is behind rests, and the others do not', async () => {
    await using bench = await openDecoder(lmDir, { maxGenerations: 2 });
    const prompt = Int32Array.of(1, 50, 60);
    const sampling = { ...greedy(60), ignoreEos: true };
    const alone = await bench.model.generate(prompt, { sampling });
    const listeners = new Set<(isBehind: boolean) => void>();
    let isBehind = false;
    const turn = (to: boolean): void => {
      isBehind = to;
      for (const listen of listeners) listen(to);
    };
    let pieces = 0;
    const slow = bench.model.generate(prompt, {
      sampling,
      onText: () => {
        if (++pieces === 5) turn(true);
      },
      reader: {
        get isBehind() {
          return isBehind;
        },
        onChange(listen) {
          listeners.add(listen);
          return () => void listeners.delete(listen);
        },
      },
    });
    await waitFor('the reader to be behind', () => isBehind, { intervalMs: 1 });
    const atRest = pieces;
    expect(await bench.model.generate(prompt, { sampling })).toEqual(alone);
    // The runs that were on their way when it stopped.
    expect(pieces - atRest).toBeLessThan(5);
    expect(bench.runs.at(-1)?.size).toBe(1);
    turn(false);
    expect(await slow).toEqual(alone);
    expect(listeners.size).toBe(0);
  });

  test('a deadline ends a generation, running or waiting, and the place is free', async () => {
    await using bench = await openDecoder(lmDir, { maxGenerations: 1 });
    const { model, runs } = bench;
    const prompt = Int32Array.of(1, 50, 60);
    const sampling = { ...greedy(200), ignoreEos: true };
    const deadline = monoNow() + 60;
    const late = await Promise.allSettled([
      model.generate(prompt, { sampling, deadline }),
      model.generate(prompt, { sampling, deadline }),
    ]);
    for (const result of late) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED' } });
    }
    expect(runs.length).toBeLessThan(200);
    await model.generate(prompt, { sampling: greedy(2) });
    // Only one of them had begun.
    expect(runs.filter(({ reason }) => reason === 'prefill')).toHaveLength(2);
  });

  test('urgent generations take the next place, and tenants take turns', async () => {
    // On a machine that is slow enough, all would have waited so long that they go by age.
    await using bench = await openDecoder(lmDir, { maxGenerations: 1, maxPassOverMs: 600_000 });
    const order: string[] = [];
    const ask = async (name: string, more: object): Promise<void> => {
      await bench.model.generate(Int32Array.of(1, 50), { sampling: greedy(4), ...more });
      order.push(name);
    };
    await Promise.all([
      ask('first', {}),
      ...[1, 2, 3].map((i) => ask(`a${i}`, { tenant: 'a' })),
      ask('b1', { tenant: 'b' }),
      ask('low', { priority: 'low' }),
      ask('high', { priority: 'high' }),
    ]);
    expect(order.slice(0, 2)).toEqual(['first', 'high']);
    expect(order.indexOf('b1')).toBeLessThan(order.indexOf('a2'));
    expect(order.at(-1)).toBe('low');
  });

  test('a tenant of a larger weight gets more of the places', async () => {
    await using bench = await openDecoder(lmDir, { maxGenerations: 1, tenantWeights: { b: 4 } });
    const order: string[] = [];
    const ask = async (tenant: string, name: string): Promise<void> => {
      await bench.model.generate(Int32Array.of(1, 50), { sampling: greedy(2), tenant });
      order.push(name);
    };
    const names = ['first', 'a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'b4'];
    await Promise.all(names.map((name) => ask(name.slice(0, 1), name)));
    expect(order[0]).toBe('first');
    expect(order.indexOf('b4')).toBeLessThan(order.indexOf('a2'));
  });

  test('a generation that nobody has seen any of is run again when its executor dies', async () => {
    await using bench = await openDecoder(lmDir);
    const prompt = Int32Array.of(1, 50, 60);
    const sampling = { ...greedy(150), temperature: 1, ignoreEos: true };
    const alone = await bench.model.generate(prompt, { sampling });
    const [before] = childrenOf(process.pid);
    const whole = bench.model.generate(prompt, { sampling });
    let heard = 0;
    const streamed = bench.model.generate(prompt, { sampling, onText: () => heard++ });
    const failure = expect(streamed).rejects.toMatchObject({ code: 'EXECUTOR_CRASHED' });
    await waitFor('the text', () => heard > 3, { intervalMs: 1 });
    process.kill(before as number, 'SIGKILL');
    await failure;
    expect(await whole).toEqual(alone);
    expect(childrenOf(process.pid)).not.toContain(before);
  });

  test('what cannot be followed is refused before it waits', async () => {
    await using bench = await openDecoder(lmDir);
    const ask = (sampling: Partial<Sampling>) =>
      bench.model.generate(Int32Array.of(1), { sampling: { ...greedy(1), ...sampling } });
    const wrong: readonly (readonly [Partial<Sampling>, string])[] = [
      [{ temperature: -0.1 }, 'temperature must be a number from 0 to 2, got -0.1'],
      [{ topP: 0 }, 'topP must be a number over 0 and up to 1, got 0'],
      [{ repetitionPenalty: 0 }, 'repetitionPenalty must be a number over 0 and up to 10, got 0'],
      [{ maxTokens: 0 }, 'maxTokens must be an integer >= 1, got 0'],
      [{ stopTokenIds: [4096] }, 'stopTokenIds must be a token id from 0 to 4095, got 4096'],
      [{ logitBias: [[5, Number.NaN]] }, 'logitBias must be a number from -100 to 100, got NaN'],
    ];
    for (const [sampling, message] of wrong) {
      await expect(ask(sampling)).rejects.toMatchObject({ code: 'INVALID_INPUT', message });
    }
    await expect(
      bench.model.generate(new Int32Array(200).fill(5), { sampling: greedy(57) }),
    ).rejects.toMatchObject({ code: 'INPUT_TOO_LONG', message: expect.stringContaining('256 tokens') });
    await expect(bench.model.generate(new Int32Array(0), { sampling: greedy(1) })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(bench.runs).toEqual([]);
  });
});

describeWithParts('decoders that differ in what they take', ['python'], () => {
  let decoders: Awaited<ReturnType<typeof makeDecoders>>;
  beforeAll(async () => {
    decoders = await makeDecoders();
  });
  afterAll(() => decoders?.remove());

  test.each([
    ['masked', true],
    ['counted', true],
    ['half', true],
    ['merged', true],
    ['no_mask', false],
    ['deaf', false],
    ['one_row', false],
  ])('%s: steps are shared: %s', async (name, together) => {
    await using bench = await openDecoder(decoders.dir(name));
    expect(bench.model.together).toBe(together);
    await expectSame(bench.model, randomWork(20, 64, 21));
    const most = Math.max(...bench.runs.map(({ size }) => size));
    if (together) expect(most).toBeGreaterThan(1);
    else expect(most).toBe(1);
  });

  test('a long prompt runs in pieces, with steps of the others between them', async () => {
    await using bench = await openDecoder(decoders.dir('masked'));
    const { model, runs } = bench;
    const long = Int32Array.from({ length: 2000 }, (_, i) => (i * 7) % 64);
    const alone = await model.generate(long, { sampling: greedy(5) });
    let heard = 0;
    const other = model.generate(Int32Array.of(1, 2), { sampling: greedy(400), onText: () => heard++ });
    await waitFor('the other text', () => heard > 0, { intervalMs: 1 });
    const from = runs.length;
    expect(await model.generate(long, { sampling: greedy(5) })).toEqual(alone);
    const pieces = runs.slice(from).flatMap(({ reason }, i) => (reason === 'prefill' ? [i] : []));
    expect(pieces).toHaveLength(8);
    expect(pieces.every((at, i) => i === 0 || at - (pieces[i - 1] as number) >= 2)).toBe(true);
    await other;
  });
});
