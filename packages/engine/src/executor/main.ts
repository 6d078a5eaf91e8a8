import { messageOf, monoNow } from '@inferometer/core/base';
import { hookNames, loadHooks } from '../hooks/load-hooks.ts';
import { probeDecoder } from './batch-probe.ts';
import { createDecoder } from './decode.ts';
import { createEmbedder, type Embedder } from './embed.ts';
import { isDecoder } from './graph-inputs.ts';
import { infer } from './infer.ts';
import { createMeter, type Meter, type MeterOptions } from './meter.ts';
import { connectParent } from './parent.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import type { EmbedRequest, ExecutorReply, ExecutorRequest, LoadRequest } from './protocol.ts';
import { createScheduler, type GenerationScheduler } from './scheduler.ts';
import { bootedAt, DeviceUnavailable, openSession, type Session } from './session.ts';

/** An executor: the process or thread in which one model runs. It is told what to do by messages of its parent. */

let session: Session | undefined;
let embedder: Embedder | undefined;
let pipeline: Pipeline | undefined;
let scheduler: GenerationScheduler | undefined;
/** onnxruntime runs one call of a session at a time; batches wait their turn here. */
let turn: Promise<void> = Promise.resolve();

const { reply } = connectParent(onRequest);

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
    session = await openSession(request, meter?.ran);
    const opened = monoNow();
    const hooks = request.hooks === undefined ? undefined : await loadHooks(request.hooks);
    if (hooks) pipeline = createPipeline(session, hooks);
    let together: boolean | undefined;
    if (request.tensorsOnly) embedder = undefined;
    else if (isDecoder(session.inputs)) {
      const decoder = createDecoder(session);
      const abilities = await probeDecoder(decoder);
      together = abilities.together;
      scheduler = createScheduler({ decoder, abilities, eosTokenIds: request.eosTokenIds, reply });
    } else embedder = createEmbedder(session, request.pooling);
    const { inputs, outputs, opening } = session;
    const named = hooks && { hooks: hookNames.filter((name) => hooks[name]) };
    const times = { booted: bootedAt(), imported, opened, prepared: monoNow(), ...opening };
    const ability = together === undefined ? {} : { together };
    reply({ type: 'loaded', device: session.device, inputs, outputs, times, ...named, ...ability });
  } catch (error) {
    const deviceUnavailable = error instanceof DeviceUnavailable;
    reply({ type: 'failed', message: messageOf(error), ...(deviceUnavailable ? { deviceUnavailable } : {}) });
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

/** Answers a piece of work with what became of it. */
async function answer(id: number, work: () => Promise<ExecutorReply>): Promise<void> {
  try {
    reply(await work());
  } catch (error) {
    reply({ type: 'failed', id, message: messageOf(error) });
  }
}

function onRequest(request: ExecutorRequest): void {
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
    case 'infer':
      turn = turn.then(() => answer(request.id, () => infer(session as Session, request)));
      break;
    case 'pipeline':
      turn = turn.then(() =>
        answer(request.id, () => {
          if (!pipeline) throw new Error('this model has no hooks');
          return pipeline.run(request);
        }),
      );
      break;
    case 'cancel':
      scheduler?.cancel(request.id);
      break;
    case 'rest':
      scheduler?.rest(request.id, request.resting);
      break;
    case 'close':
      turn = turn.then(() => process.exit(0));
      break;
  }
}
