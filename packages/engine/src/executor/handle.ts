import { InferometerError } from '@inferometer/core';
import type { ExecutorKind } from '../options.ts';
import type { Channel } from './channel.ts';
import { startProcessChannel } from './process-channel.ts';
import type { ExecutorReply, FailedReply, LoadedReply, LoadRequest } from './protocol.ts';
import { startThreadChannel } from './thread-channel.ts';

/** What an executor tells the one who started it. */
export interface ExecutorEvents {
  /** Answers to work; those to the load are handled here. */
  readonly onReply: (reply: ExecutorReply) => void;
  /** It ended without having been asked to; all work in it is lost. */
  readonly onCrash: (cause: InferometerError) => void;
}

/** The way to a process or thread that runs one model; one that is closed or ended tells of no crash. */
export type Executor = Channel;

export interface ExecutorPlace {
  readonly kind: ExecutorKind;
  /** CPUs that it may run on; undefined for all. */
  readonly cpus?: readonly number[] | undefined;
}

/**
 * Starts an executor and loads the model in it.
 * @returns the executor and what the model takes and gives
 * @throws {InferometerError} INVALID_MODEL if the model cannot be loaded, DEVICE_UNAVAILABLE if its device cannot be
 * used, EXECUTOR_CRASHED if it dies
 */
export function startExecutor(
  load: LoadRequest,
  place: ExecutorPlace,
  events: ExecutorEvents,
): Promise<{ executor: Executor; model: LoadedReply }> {
  return new Promise((resolve, reject) => {
    let closing = false;
    let loaded = false;
    const crashed = (how: string): InferometerError =>
      new InferometerError('EXECUTOR_CRASHED', `${channel.name} ${how}`);
    const channelEvents = {
      onMessage(reply: ExecutorReply) {
        if (closing) return;
        if (loaded) events.onReply(reply);
        else if (reply.type === 'loaded') {
          loaded = true;
          resolve({ executor, model: reply });
        } else {
          void executor.close();
          const { message, deviceUnavailable } = reply as FailedReply;
          const reason = message.replaceAll('\n', ' ');
          reject(
            deviceUnavailable
              ? new InferometerError('DEVICE_UNAVAILABLE', reason)
              : new InferometerError('INVALID_MODEL', `${load.graph} cannot be loaded: ${reason}`),
          );
        }
      },
      onError(cause: Error) {
        const message = `no executor could be started: ${cause.message}`;
        reject(new InferometerError('EXECUTOR_CRASHED', message, { cause }));
      },
      onEnd({ how }: { readonly how: string }) {
        if (!loaded) reject(crashed(how));
        else if (!closing) events.onCrash(crashed(how));
      },
    };
    const channel: Channel =
      place.kind === 'worker' ? startThreadChannel(channelEvents) : startProcessChannel(place, channelEvents);
    const executor: Executor = {
      name: channel.name,
      send: channel.send,
      close() {
        closing = true;
        return channel.close();
      },
      kill() {
        closing = true;
        return channel.kill();
      },
    };
    executor.send(load);
  });
}
