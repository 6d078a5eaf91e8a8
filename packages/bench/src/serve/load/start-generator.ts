import { type Child, startChild } from '../../overhead/start-child.ts';
import type { Mix } from '../mixes.ts';
import { poissonArrivals } from './arrivals.ts';
import type { LoadRun } from './generator.ts';
import type { Outcome } from './outcome.ts';
import type { RequestForm } from './requests.ts';

/** Where a load goes. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly form: Omit<RequestForm, 'host'>;
}

export interface LoadSetting {
  readonly mix: Mix;
  /** Of the texts: loads of the same seed send the same ones. */
  readonly seed: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Answers that are kept. */
  readonly samples: number;
}

/** The load generator, for all contestants alike. */
export interface Generator extends AsyncDisposable {
  closed(target: Target, connections: number, setting: LoadSetting): Promise<Outcome>;
  /** @param perSecond mean of the Poisson arrivals */
  open(target: Target, perSecond: number, setting: LoadSetting): Promise<Outcome>;
}

/** More than any server here answers in a second, so that no text is sent twice; beyond, they begin again. */
const textsPerSecond = 2500;
/** Connections that an open loop begins with. */
const openConnections = 32;

export async function startGenerator(words: readonly string[]): Promise<Generator> {
  const child: Child = await startChild({
    name: 'the load generator',
    module: new URL('./generator.js', import.meta.url),
    ready: /ready\n/,
  });
  const run = async (target: Target, setting: LoadSetting, count: number, loop: LoadRun['loop']) => {
    const form = { ...target.form, host: `${target.host}:${target.port}` };
    const texts = { words, mix: setting.mix, seed: setting.seed, count };
    return (await child.ask('run', { form, texts, loop } satisfies LoadRun)) as Outcome;
  };
  return {
    closed(target, connections, setting) {
      const { warmUpSeconds, seconds, samples } = setting;
      const { host, port } = target;
      const count = Math.ceil((warmUpSeconds + seconds) * textsPerSecond);
      const loop = { host, port, connections, warmUpSeconds, seconds, samples };
      return run(target, setting, count, { kind: 'closed', ...loop });
    },
    open(target, perSecond, setting) {
      const { warmUpSeconds, seconds, samples } = setting;
      const { host, port } = target;
      const dueMs = poissonArrivals(perSecond, warmUpSeconds + seconds, setting.seed);
      const loop = { host, port, connections: openConnections, dueMs, warmUpSeconds, seconds, samples };
      return run(target, setting, dueMs.length, { kind: 'open', ...loop });
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
