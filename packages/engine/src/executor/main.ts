import { messageOf, monoNow } from '@inferometer/core';
import { createDecoder } from './decode.ts';
import { createEmbedder, type Embedder } from './embed.ts';
import { isDecoder } from './graph-inputs.ts';
import { createMeter, type Meter, type MeterOptions } from './meter.ts';
import type { EmbedRequest, ExecutorReply, ExecutorRequest, LoadRequest } from './protocol.ts';
import { createScheduler, type GenerationScheduler } from './scheduler.ts';
import { bootedAt, openSession } from './session.ts';

/** An executor: the process in which one model runs. It is told what to do by messages of its parent. */

let embedder: Embedder | undefined;
let scheduler: GenerationScheduler | undefined;
/** onnxruntime runs one call of a session at a time; batches wait their turn here. */
let turn: Promise<void> = Promise.resolve();

function reply(message: ExecutorReply): void {
  // Without a parent there is nobody left to work for; 'disconnect' ends the process.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** Metrics that cannot be written must not keep a model from running. */
function openMeter(options: MeterOptions): Meter | undefined {
  try {
    return createMeter(options);
  } catch (error) {
    process.stderr.write(`an executor's metrics cannot be written: ${messageOf(error)}\n`);
    return undefined;
  }
}

async function load(request: LoadRequest): Promise<void> {
  const imported = monoNow();
  try {
    const meter = request.metrics && openMeter(request.metrics);
    const session = await openSession(request, meter?.ran);
    if (isDecoder(session.inputs))
      scheduler = createScheduler(createDecoder(session), request.eosTokenIds, reply);
    else embedder = createEmbedder(session, request.pooling);
    const times = { booted: bootedAt(), imported, opened: monoNow(), ...session.opening };
    reply({ type: 'loaded', inputs: session.inputs, outputs: session.outputs, times });
  } catch (error) {
    reply({ type: 'failed', message: messageOf(error) });
  }
}

async function embed(request: EmbedRequest): Promise<void> {
  try {
    if (!embedder) throw new Error('this model does not embed texts');
    reply(await embedder.embed(request));
  } catch (error) {
    reply({ type: 'failed', id: request.id, message: messageOf(error) });
  }
}

process.on('message', (request: ExecutorRequest) => {
  switch (request.type) {
    case 'load':
      void load(request);
      break;
    case 'embed':
      turn = turn.then(() => embed(request));
      break;
    case 'generate':
      if (scheduler) scheduler.start(request);
      else reply({ type: 'failed', id: request.id, message: 'this model does not generate text' });
      break;
    case 'cancel':
      scheduler?.cancel(request.id);
      break;
  }
});

process.on('disconnect', () => process.exit(0));
// A terminal's Ctrl-C reaches the whole group; the parent drains first and then disconnects.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
