/** Requests by the time at which they began, so that what they may hold is not taken from them. */
export interface Epochs {
  /** Notes a request. @returns to be called when it has ended */
  enter(): () => void;
  /** Resolves when all requests that run now have ended; those that begin later are not waited for. */
  settled(): Promise<void>;
}

interface Epoch {
  running: number;
  readonly ended: PromiseWithResolvers<void>;
}

/**
 * A model that has been replaced is closed when every request that began before has ended: one of them may have chosen it
 * and be splitting its texts still.
 */
export function createEpochs(): Epochs {
  let current: Epoch = newEpoch();
  /** Older ones with requests in them. */
  const before = new Set<Epoch>();
  return {
    enter() {
      const epoch = current;
      epoch.running++;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        if (--epoch.running === 0 && before.delete(epoch)) epoch.ended.resolve();
      };
    },
    async settled() {
      if (current.running > 0) {
        before.add(current);
        current = newEpoch();
      }
      await Promise.all([...before].map((epoch) => epoch.ended.promise));
    },
  };
}

function newEpoch(): Epoch {
  return { running: 0, ended: Promise.withResolvers<void>() };
}
