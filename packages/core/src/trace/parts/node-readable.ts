import { errorMonitor } from 'node:events';
import { context as contextApi } from '@opentelemetry/api';
import { type PartsObserver, PartsState } from './observer.ts';

/** The part of a Node stream that we call. */
export interface NodeReadable {
  _read(size: number): void;
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
  once(event: string | symbol, listener: (error?: unknown) => void): unknown;
  readonly pipe: unknown;
  readonly readable: boolean;
  readonly _readableState: { readonly objectMode: boolean; readonly ended: boolean };
}

/** Whether it is a Node stream to read from to which more will come. */
export function isNodeReadable(value: object): value is NodeReadable {
  if (!('_readableState' in value)) return false;
  const { _readableState: state, pipe, readable } = value as Partial<NodeReadable>;
  return typeof state === 'object' && typeof pipe === 'function' && readable === true && !state.ended;
}

/** Watches a stream: from a call for more data until data comes, it is at work. */
export function watchReadable(stream: NodeReadable, observer: PartsObserver): NodeReadable {
  const state = new PartsState(observer);
  const { objectMode } = stream._readableState;
  const read = stream._read;
  const push = stream.push;
  stream._read = function (this: NodeReadable, size: number) {
    // It may be asked again before it has answered.
    if (!state.isWorking) state.begin();
    contextApi.with(state.context, () => read.call(this, size));
  };
  stream.push = function (this: NodeReadable, chunk: unknown, encoding?: BufferEncoding) {
    // What comes without having been asked for took no time that could be told.
    if (!state.isWorking) state.begin();
    state.finish(
      chunk !== null && (objectMode || (chunk as { readonly length: number } | undefined)?.length !== 0),
    );
    if (chunk === null) state.end();
    return push.call(this, chunk, encoding);
  };
  // A listener for 'error' would keep an error that nobody listens to from ending the process.
  stream.once(errorMonitor, (error) => state.end(error));
  stream.once('close', () => state.end());
  return stream;
}
