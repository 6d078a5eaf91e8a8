import { watchAsyncGenerator, watchGenerator } from './parts/generators.ts';
import { isNodeReadable, type NodeReadable, watchReadable } from './parts/node-readable.ts';
import type { PartsObserver } from './parts/observer.ts';
import { isWebStream, watchWebStream } from './parts/web-stream.ts';

/** Work that comes in parts. */
export type Parts = Generator | AsyncGenerator | ReadableStream | NodeReadable;

/** Whether a function's result is a generator, async generator, web stream or Node stream from which more will come. */
export function isWorkInParts(result: object): result is Parts {
  const tag = (result as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  // Generators only: other things with a `next` are often more than iterators, such as database cursors.
  if (tag === 'Generator' || tag === 'AsyncGenerator') return Object.isExtensible(result);
  return isNodeReadable(result) || isWebStream(result);
}

/** The same parts: generators and Node streams are the very same object, a web stream is one of the same kind. */
export function watchParts(parts: Parts, observer: PartsObserver): object {
  if (isNodeReadable(parts)) return watchReadable(parts, observer);
  if (isWebStream(parts)) return watchWebStream(parts, observer);
  if (Symbol.asyncIterator in parts) watchAsyncGenerator(parts as AsyncGenerator, observer);
  else watchGenerator(parts as Generator, observer);
  return parts;
}
