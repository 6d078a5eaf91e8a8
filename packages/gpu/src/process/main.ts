import { createNvmlReader } from '../nvml/create-nvml-reader.ts';
import { type GpuReader, GpuUnavailable } from '../reading.ts';
import { endWithParent } from './end-with-parent.ts';
import type { FromReader, ReaderStart } from './messages.ts';
import { createProcessOwner } from './process-owner.ts';

/**
 * The process that calls the driver. It does nothing else: a call that hangs or crashes costs readings, and this
 * process, which can be ended from outside and is started again.
 */

const start = JSON.parse(process.argv[2] ?? '{}') as ReaderStart;
const tell = (message: FromReader, then?: () => void): void => {
  // The channel may be closing: then nobody listens any more.
  process.send?.(message, undefined, undefined, () => then?.());
};

/** Ends when what was told has left. */
function giveUp(error: unknown): void {
  const isExpected = error instanceof GpuUnavailable;
  const message = error instanceof Error ? error.message : String(error);
  const reason = isExpected ? error.reason : 'reader_failed';
  tell({ type: 'unavailable', reason, message }, () => process.exit());
}

function poll(reader: GpuReader, cpuBefore: NodeJS.CpuUsage): void {
  const dueMs = performance.now() + start.intervalMs;
  const cpu = process.cpuUsage();
  try {
    const startMs = performance.now();
    const read = reader.poll();
    tell({
      type: 'polled',
      tookMs: performance.now() - startMs,
      cpuSeconds: (cpu.user - cpuBefore.user + cpu.system - cpuBefore.system) / 1e6,
      ...read,
    });
  } catch (error) {
    giveUp(error);
    return;
  }
  if (start.once) process.disconnect();
  else setTimeout(poll, Math.max(dueMs - performance.now(), 0), reader, cpu);
}

endWithParent();
try {
  const reader = createNvmlReader({
    ...(start.library === undefined ? {} : { library: start.library }),
    scope: start.scope,
    ownerOf: createProcessOwner(start.mainPid),
    skipped: start.skipped,
    ...(start.tellsDevice ? { asking: (index: number) => tell({ type: 'asking', index }) } : {}),
  });
  tell({ type: 'opened', driverVersion: reader.driverVersion });
  // What starting took is the service's start-up, not a poll's.
  poll(reader, process.cpuUsage());
} catch (error) {
  giveUp(error);
}
