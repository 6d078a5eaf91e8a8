import type { Sink } from '../overhead/start-sink.ts';
import type { Bench } from './bench.ts';
import { type OpenReading, openReadingOf } from './load/reading.ts';
import type { Mix } from './mixes.ts';
import { startObserved } from './servers/observed.ts';

export interface EchoEffort {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly perSecond: number;
}

const form = { path: '/apps/echo_text', headers: {}, body: '{"text":"TEXT"}' } as const;
const deadlineMs = 1000;

/**
 * The app that does nothing, under an open loop with everything recorded: what the service itself takes.
 * @throws {Error} if a request failed
 */
export async function measureEcho(
  bench: Bench,
  sink: Sink,
  mix: Mix,
  { perSecond, ...effort }: EchoEffort,
): Promise<OpenReading> {
  bench.say(`echo_text at ${perSecond} requests a second`);
  await using server = await startObserved(sink, undefined);
  const setting = { ...effort, mix, seed: 500_000, samples: 0 };
  const outcome = await bench.generator.open({ ...server.target, form }, perSecond, setting);
  const reading = openReadingOf(outcome, deadlineMs);
  if (Object.keys(reading.refused).length > 0)
    throw new Error(`${form.path}: requests failed, by status: ${JSON.stringify(reading.refused)}`);
  return reading;
}
