import { monoNow } from '@inferometer/core';
import type { Control } from '../shared/control.ts';
import { heartbeatMs } from '../shared/heartbeat-ms.ts';

/** Beats as long as the event loop turns, and does small work besides that must be done from time to time. */
export function startHeartbeat(control: Control, sample: () => void): { stop(): void } {
  const beat = (): void => {
    control.set('heartbeatMs', monoNow());
    sample();
  };
  beat();
  control.set('beating', 1);
  const timer = setInterval(beat, heartbeatMs).unref();
  return {
    stop() {
      clearInterval(timer);
      control.set('beating', 0);
    },
  };
}
