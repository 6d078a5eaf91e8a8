import { answer } from '../../overhead/channel.ts';
import { createTexts, type Mix } from '../mixes.ts';
import { type ClosedLoop, runClosedLoop } from './closed-loop.ts';
import { type OpenLoop, runOpenLoop } from './open-loop.ts';
import type { Outcome } from './outcome.ts';
import { type RequestForm, serializeRequests } from './requests.ts';

/** The load generator, a process of its own: whole requests are made before the first is sent. */

export interface Texts {
  readonly words: readonly string[];
  readonly mix: Mix;
  readonly seed: number;
  readonly count: number;
}

export interface LoadRun {
  readonly form: RequestForm;
  readonly texts: Texts;
  readonly loop: ({ readonly kind: 'closed' } & ClosedLoop) | ({ readonly kind: 'open' } & OpenLoop);
}

async function run({ form, texts, loop }: LoadRun): Promise<Outcome> {
  const next = createTexts(texts.words, texts.mix, texts.seed);
  const requests = serializeRequests(form, Array.from({ length: texts.count }, next));
  return loop.kind === 'closed' ? runClosedLoop(loop, requests) : runOpenLoop(loop, requests);
}

answer({ run: (load) => run(load as LoadRun) });
// Between two questions nothing else keeps it alive.
process.channel?.ref();
process.stdout.write('ready\n');
