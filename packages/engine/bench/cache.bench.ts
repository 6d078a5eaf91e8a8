/**
 * What the cache costs a text, beside a model that takes no time: found in memory, found in Redis, in neither, with a
 * Redis that is dead or hangs. And what a breaker costs a call, beside opossum's.
 * `node packages/engine/bench/cache.bench.ts [--json]`, a quarter of a minute; needs `redis-server`.
 */
import { createTelemetry } from '@inferometer/core';
import { type CacheOptions, createCaches } from '@inferometer/engine';
import { freePort, type Redis, startRedis } from '@inferometer/testkit';
import CircuitBreaker from 'opossum';
import { cachedEmbed } from '../src/cache/cached-embed.ts';
import { createBreaker } from '../src/cache/redis/breaker.ts';

const dimensions = 384;
const tokens = 32;
const { observer } = createTelemetry();

/** Of a call, µs. */
interface Cost {
  /** Until it is answered. */
  readonly wall: number;
  /** Of this process: what is left of it where others keep the machine busy. */
  readonly cpu: number;
}

interface Row {
  readonly what: string;
  /** Requests of one text. */
  readonly one: Cost;
  /** A text in requests of 32. */
  readonly many?: Cost;
}

/** The median of five rounds of 150 ms. */
async function measure(call: () => Promise<unknown>): Promise<Cost> {
  const round = async (): Promise<Cost> => {
    const start = performance.now();
    const before = process.cpuUsage();
    let calls = 0;
    while (performance.now() - start < 150) {
      await call();
      calls++;
    }
    const { user, system } = process.cpuUsage(before);
    return { wall: ((performance.now() - start) * 1000) / calls, cpu: (user + system) / calls };
  };
  await round();
  const rounds: Cost[] = [];
  for (let i = 0; i < 5; i++) rounds.push(await round());
  return rounds.sort((a, b) => a.cpu - b.cpu)[2] as Cost;
}

let unique = 0;
function text(n: number): { ids: Int32Array; isCut: boolean } {
  const ids = new Int32Array(tokens).fill(1000);
  ids[1] = n;
  return { ids, isCut: false };
}

/** @param isNew whether no text is asked for twice */
async function row(what: string, options: CacheOptions | undefined, isNew: boolean): Promise<Row> {
  const bare = async (texts: readonly unknown[]): Promise<Float32Array[]> =>
    texts.map(() => new Float32Array(dimensions).fill(0.05));
  const caches = options && (await createCaches(options, observer));
  const embed = caches
    ? cachedEmbed({
        embed: bare,
        cache: caches.vectors,
        fingerprint: 'bench',
        dimensions,
        normalize: true,
        defaultTimeoutMs: 30_000,
      })
    : bare;
  // Connected, or known to be dead.
  for (let i = 0; i < 10; i++) {
    await embed([text(-1)]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const ask = (count: number): Promise<unknown> =>
    embed(Array.from({ length: count }, (_, n) => text(isNew ? unique++ : n)));
  await ask(32);
  const one = await measure(() => ask(1));
  const { wall, cpu } = await measure(() => ask(32));
  await caches?.[Symbol.asyncDispose]();
  return { what, one, many: { wall: wall / 32, cpu: cpu / 32 } };
}

async function breakers(): Promise<Row[]> {
  const answer = async (): Promise<number> => 1;
  const opossum = new CircuitBreaker(answer, { timeout: 20 });
  const ours = createBreaker({ probe: () => Promise.reject(new Error('dead')), onOpen() {}, onClosed() {} });
  const through = async (): Promise<number> => {
    if (!ours.isClosed) return 0;
    const value = await answer();
    ours.succeeded();
    return value;
  };
  const caught = (): Promise<unknown> => opossum.fire().catch(() => 0);
  const rows: Row[] = [];
  const add = async (what: string, call: () => Promise<unknown>): Promise<void> => {
    rows.push({ what, one: await measure(call) });
  };
  await add('breaker closed: ours, without a time limit', through);
  await add('breaker closed: opossum, with its time limit', caught);
  ours.trip(new Error('dead'));
  opossum.open();
  await add('breaker open: ours', through);
  await add('breaker open: opossum', caught);
  ours[Symbol.dispose]();
  opossum.shutdown();
  return rows;
}

const redis: Redis = await startRedis();
const shared = { url: redis.url, timeoutMs: 500 };
const rows = [
  await row('no cache', undefined, false),
  await row('found in memory', {}, false),
  await row('in no memory', { memoryBytes: 10_000_000 }, true),
  await row('found in Redis', { memoryBytes: 0, redis: shared }, false),
  await row('in neither memory nor Redis', { memoryBytes: 10_000_000, redis: shared }, true),
  await row(
    'a Redis that refuses connections',
    { memoryBytes: 0, redis: { url: `redis://127.0.0.1:${await freePort()}` } },
    true,
  ),
];
process.kill(redis.pid, 'SIGSTOP');
rows.push(await row('a Redis that hangs', { memoryBytes: 0, redis: { url: redis.url } }, true));
process.kill(redis.pid, 'SIGCONT');
await redis.stop();
rows.push(...(await breakers()));

if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ rows })}\n`);
else
  console.table(
    rows.map(({ what, one, many }) => ({
      what,
      'µs a text': one.wall.toFixed(1),
      'of CPU': one.cpu.toFixed(1),
      'in requests of 32': many?.wall.toFixed(1) ?? '',
      'of CPU ': many?.cpu.toFixed(1) ?? '',
    })),
  );
process.exit(0);
