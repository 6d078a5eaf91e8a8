import type { LoadRequest } from './protocol.ts';
import { notOnDevice } from './providers.ts';

/** Where the runs of a session are, which shows with the first of them. */
export interface Placement {
  /**
   * To be asked after each run.
   * @returns such as `cuda:0`
   * @throws {Error} after the first one, if it was not on the device and may be nowhere else
   */
  ranOn(): string;
}

/**
 * @param kernelsOfFirst ends the profile of the first run and says what ran where; undefined where there is none
 */
export function createPlacement(
  { device, fallsBack }: Pick<LoadRequest, 'device' | 'fallsBack'>,
  kernelsOfFirst: (() => ReadonlyMap<string, number>) | undefined,
): Placement {
  let pending = kernelsOfFirst;
  let actual = device;
  let problem: string | undefined;
  return {
    ranOn() {
      if (pending !== undefined) {
        problem = notOnDevice(device, pending());
        pending = undefined;
        if (problem !== undefined && fallsBack) {
          process.stderr.write(`inferometer: ${problem}\n`);
          actual = 'cpu';
        }
      }
      if (problem !== undefined && !fallsBack) throw new Error(problem);
      return actual;
    },
  };
}
