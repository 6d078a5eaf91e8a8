/** An entry on its way to Redis. */
export interface Write {
  readonly key: string;
  readonly value: Buffer;
  /** Time to live, whole ms, >= 1. */
  readonly ttlMs: number;
}

/** Writes that nobody waits for, sent together. */
export interface Writes {
  /** @param told what became of it, once it is known */
  add(write: Write, told: (result: 'ok' | 'error' | 'dropped') => void): void;
}

export interface WritesOptions {
  /** Sends them as one; resolves to whether each was done. */
  readonly send: (writes: readonly Write[]) => Promise<readonly boolean[]>;
  /** Bytes that may be on their way. */
  readonly maxPendingBytes: number;
}

export function createWrites({ send, maxPendingBytes }: WritesOptions): Writes {
  let waiting: { readonly write: Write; readonly told: (result: 'ok' | 'error' | 'dropped') => void }[] = [];
  let pendingBytes = 0;

  const flush = async (): Promise<void> => {
    const sent = waiting;
    waiting = [];
    const done = await send(sent.map(({ write }) => write)).catch((): boolean[] => []);
    for (const [index, { write, told }] of sent.entries()) {
      pendingBytes -= write.value.length;
      told(done[index] ? 'ok' : 'error');
    }
  };

  return {
    add(write, told) {
      // A Redis that takes them slower than they come must not fill the memory.
      if (pendingBytes + write.value.length > maxPendingBytes) {
        told('dropped');
        return;
      }
      pendingBytes += write.value.length;
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ write, told });
    },
  };
}
