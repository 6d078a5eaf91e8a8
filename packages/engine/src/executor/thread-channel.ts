import { Worker } from 'node:worker_threads';
import { type Channel, type ChannelEvents, closeLimitMs, entry } from './channel.ts';
import type { CloseRequest, ExecutorReply } from './protocol.ts';
import { buffersOf } from './transfer.ts';

/**
 * Starts an executor as a thread of this process: arrays go over without being copied, but a crash of onnxruntime takes
 * all with it, and a run cannot be ended.
 */
export function startThreadChannel(events: ChannelEvents): Channel {
  const worker = new Worker(entry, { env: { ...process.env, NODE_OPTIONS: '' }, execArgv: [] });
  let ended = false;
  worker.on('message', (reply: ExecutorReply) => events.onMessage(reply));
  // Also what the thread did not catch; 'exit' follows.
  worker.on('error', events.onError);
  worker.once('exit', (code) => {
    ended = true;
    events.onEnd({ how: `ended with code ${code}` });
  });
  return {
    name: `the executor (thread ${worker.threadId})`,
    send(request) {
      worker.postMessage(request, buffersOf(request));
    },
    close() {
      return new Promise((resolve) => {
        if (ended) return resolve();
        // Never terminate(): during a run it aborts the whole process.
        const timer = setTimeout(resolve, closeLimitMs);
        worker.once('exit', () => {
          clearTimeout(timer);
          resolve();
        });
        worker.unref();
        worker.postMessage({ type: 'close' } satisfies CloseRequest);
      });
    },
    kill() {
      worker.unref();
      worker.postMessage({ type: 'close' } satisfies CloseRequest);
      return false;
    },
  };
}
