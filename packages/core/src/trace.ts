import type { Attributes } from '@opentelemetry/api';
import { installed } from './installed.ts';
import type { OpenRequest } from './telemetry.ts';
import type { LiveTrace } from './trace/live-trace.ts';
import { noTrace } from './trace/no-trace.ts';
import type { RequestTrace } from './trace/request-trace.ts';
import { type Ending, runToEnd } from './trace/run-to-end.ts';

export interface TraceOptions {
  /** What is done, such as `embed`: the root span's name and the route of metrics. */
  readonly name: string;
  readonly model?: string;
  readonly tenant?: string;
  readonly sessionHash?: string;
  readonly attributes?: Attributes;
}

/**
 * Runs a function as a request of its own, below the request or span that it is called in, and returns what it returns:
 * for work that does not come by HTTP. It ends as `phase()` does, with status 200, or 500 if it fails; `errorType` is
 * what was set on the trace, else the error's name.
 * @param fn gets the request's trace; one that takes no notes where telemetry is off
 */
export function trace<T>(what: string | TraceOptions, fn: (trace: RequestTrace) => T): T {
  const { telemetry } = installed;
  if (telemetry === undefined) return fn(noTrace);
  const options: TraceOptions = typeof what === 'string' ? { name: what } : what;
  const { attributes } = options;
  const opened = telemetry.openRequest({
    method: '',
    path: options.name,
    ...(attributes ? { attributes: () => attributes } : {}),
  });
  const live = opened.trace as LiveTrace;
  live.model = options.model;
  live.tenant = options.tenant;
  live.sessionHash = options.sessionHash;
  return runToEnd(opened.context, options.name, () => fn(live), endingOf(opened, live));
}

function endingOf(opened: OpenRequest, live: LiveTrace): Ending {
  return {
    succeeded: () => void opened.close({ status: 200 }),
    failed: (error) => void opened.close({ status: 500, errorType: live.errorType ?? typeOf(error) }),
    inParts() {
      live.isInParts = true;
    },
    resume: () => {},
    pause: () => {},
    output: () => live.wroteOutput(),
  };
}

function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
