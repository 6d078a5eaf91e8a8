import { monoNow } from '@inferometer/core';
import type { Control } from '../shared/control.ts';
import { heartbeatMs } from '../shared/heartbeat-ms.ts';

/** Watches the main thread's heartbeat from outside. */
export interface BlockWatch {
  /** Time for which the loop has stood still until now, s; 0 while it turns. */
  readonly currentSeconds: number;
  stop(): void;
}

export interface BlockWatchOptions {
  /** Shorter stops are no blocks, ms. */
  readonly thresholdMs: number;
  /** Told of each block when it is over, s. */
  readonly ended: (seconds: number) => void;
  /** @default monoNow */
  readonly now?: () => number;
}

/**
 * A beat that is late by more than the threshold is a block; it is over with the next beat. A stop of the whole process
 * (suspended, or out of its CPU quota) stops this thread as well: its own delay is not counted as the loop's.
 */
export function createBlockWatch(control: Control, options: BlockWatchOptions): BlockWatch {
  const now = options.now ?? monoNow;
  let lastLook = now();
  let lastBeat = control.get('heartbeatMs');
  let ownDelayMs = 0;
  let blockedMs = 0;

  const look = (): void => {
    // Before the clock: a stop between the two must show as our own delay, not as a beat that came late.
    const beat = control.get('heartbeatMs');
    const at = now();
    const late = at - lastLook - heartbeatMs;
    lastLook = at;
    // A timer of a busy worker is late by a little now and then; a stop is late by much.
    const stoppedMs = late > options.thresholdMs ? late : 0;
    ownDelayMs += stoppedMs;
    if (beat !== lastBeat) {
      // A beat of just before the stop is seen after it: then the stop lies before the next beat, and is no block of that.
      const sinceMs = Math.min(stoppedMs, Math.max(0, at - beat - heartbeatMs));
      // The block lasted until this beat, which may be a moment ago.
      const gap = beat - lastBeat - heartbeatMs - (ownDelayMs - sinceMs);
      if (blockedMs > 0 || gap > options.thresholdMs) options.ended(Math.max(gap, blockedMs) / 1000);
      lastBeat = beat;
      blockedMs = 0;
      ownDelayMs = sinceMs;
      return;
    }
    if (control.get('beating') === 0) return;
    const still = at - beat - heartbeatMs - ownDelayMs;
    blockedMs = still > options.thresholdMs ? still : 0;
  };

  const timer = setInterval(look, heartbeatMs);
  return {
    get currentSeconds() {
      if (control.get('beating') === 0) return 0;
      const beat = control.get('heartbeatMs');
      const at = now();
      const late = at - lastLook - heartbeatMs;
      // Asked right after a stop of the whole process, before the timer has noticed it.
      const delay = ownDelayMs + (late > options.thresholdMs ? late : 0);
      const still = at - beat - heartbeatMs - delay;
      return still > options.thresholdMs ? still / 1000 : 0;
    },
    stop: () => clearInterval(timer),
  };
}
