import { type PartsObserver, PartsState } from './observer.ts';

/** Whether it is a web stream that can still be read from here. */
export function isWebStream(value: object): value is ReadableStream {
  return value instanceof ReadableStream && !value.locked;
}

/** A stream of the same kind that hands on what comes, when it is asked for more. */
export function watchWebStream(stream: ReadableStream, observer: PartsObserver): ReadableStream {
  const state = new PartsState(observer);
  const isBytes = hasBytes(stream);
  const reader = stream.getReader();
  const pull = async (
    controller: ReadableStreamDefaultController | ReadableByteStreamController,
  ): Promise<void> => {
    state.begin();
    try {
      const { done, value } = await reader.read();
      // Cancelled in the meantime: nobody is there to hand anything to.
      if (state.hasEnded) return;
      state.finish(!done);
      if (!done) {
        controller.enqueue(value);
        return;
      }
      state.end();
      controller.close();
      (controller as ReadableByteStreamController).byobRequest?.respond(0);
    } catch (error) {
      state.end(error);
      controller.error(error);
    }
  };
  const cancel = (reason: unknown): Promise<void> => {
    state.end();
    return reader.cancel(reason);
  };
  return isBytes
    ? new ReadableStream({ type: 'bytes', pull, cancel })
    : new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}

/** There is no other way to ask. */
function hasBytes(stream: ReadableStream): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
