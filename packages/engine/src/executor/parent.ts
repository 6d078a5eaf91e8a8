import { setPriority } from 'node:os';
import { isMainThread, parentPort } from 'node:worker_threads';
import { niceness } from './channel.ts';
import type { ExecutorReply, ExecutorRequest } from './protocol.ts';
import { buffersOf } from './transfer.ts';

/** Who started this executor, seen from within it. */
export interface Parent {
  reply(message: ExecutorReply): void;
}

/** Takes requests from whoever started this process or thread, and ends when that one is gone. */
export function connectParent(onRequest: (request: ExecutorRequest) => void): Parent {
  if (!isMainThread && parentPort) {
    const port = parentPort;
    try {
      // On Linux this is the thread's own priority.
      if (process.platform === 'linux') setPriority(0, niceness);
    } catch {
      // The system has no priorities for this process.
    }
    port.on('message', onRequest);
    return { reply: (message) => port.postMessage(message, buffersOf(message)) };
  }
  process.on('message', onRequest);
  process.on('disconnect', () => process.exit(0));
  // A terminal's Ctrl-C reaches the whole group; the parent drains first and then disconnects.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  return {
    // Without a parent there is nobody left to work for; 'disconnect' ends the process.
    reply: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
  };
}
