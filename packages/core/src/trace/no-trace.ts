import type { LiveTrace } from './live-trace.ts';
import type { TraceRecord } from './record.ts';
import type { RequestTrace } from './request-trace.ts';

const nothing = (): void => {};

/** The trace that functions get where telemetry is off: takes no notes, and forgets what is set on it. */
export const noTrace: RequestTrace = new Proxy<RequestTrace>(
  {
    eventId: '0'.repeat(16),
    traceId: '0'.repeat(32),
    startedAt: 0,
    startEpochUs: 0,
    fnName: '',
    model: undefined,
    tenant: undefined,
    sessionHash: undefined,
    operation: undefined,
    errorType: undefined,
    lateStatus: undefined,
    ended: true,
    enter: nothing,
    leave: nothing,
    replay: nothing,
    wroteOutput: nothing,
    generated: nothing,
    addIterations: nothing,
    addBatch: nothing,
    addDeviceTime: nothing,
    soFar: () => ({ totalUs: 0, totals: [] }),
    end: ({ status, errorType }) => emptyRecord(status, errorType),
  },
  { set: () => true },
);

function emptyRecord(status: number, errorType: string | undefined): TraceRecord {
  return {
    trace: noTrace as LiveTrace,
    fnName: '',
    route: '',
    method: '',
    model: undefined,
    tenant: undefined,
    sessionHash: undefined,
    operation: undefined,
    startEpochUs: 0,
    atUs: [],
    phases: [],
    totalUs: 0,
    totals: [],
    status,
    errorType,
    ttftUs: undefined,
    generation: undefined,
    iterations: 0,
    deviceMs: 0,
    device: undefined,
    cpuMs: 0,
    batches: [],
    skippedPhases: 0,
  };
}
