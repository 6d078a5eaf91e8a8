import {
  answerProfiling,
  createProfilingAccess,
  installed,
  type ProfilingAccess,
  profilingInCode,
  type Telemetry,
} from '@inferometer/core';
import type { Handler, HttpRequest } from './handler.ts';

export interface ProfilingHandlerOptions extends ProfilingAccess {
  /** Whose requests are shown. @default what `@inferometer/sdk` has started in this process */
  readonly telemetry?: Telemetry;
}

/**
 * The requests that the ring holds, as JSON, at the path at which it is mounted: `GET /`, `GET /traces?last_n=`,
 * `GET /traces/{event_id}`, `GET /summary`, `POST /clear`, and `POST /start` and `/stop` of recording. Whoever asks from
 * another machine needs the token.
 * @throws {RangeError} for an empty token
 */
export function profilingHandler(options: ProfilingHandlerOptions = {}): Handler {
  const access = createProfilingAccess(options);
  if (options.token !== undefined || options.telemetry !== undefined) profilingInCode.isDecided = true;
  return (request, response, next) => {
    const { baseUrl: base = '', url = '/' } = request as HttpRequest;
    const telemetry = options.telemetry ?? installed.telemetry;
    if (telemetry === undefined) next();
    else answerProfiling({ telemetry, access, request, response, base, url });
  };
}
