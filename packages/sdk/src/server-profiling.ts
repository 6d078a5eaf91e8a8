import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  answerProfiling,
  createProfilingAccess,
  isBelow,
  profilingInCode,
  profilingPath,
  type Telemetry,
} from '@inferometer/core';
import type { ProfilingConfig } from './config/telemetry-config.ts';

/** Answers a request to /profiling. @returns false for any other one, which is the app's */
export type ServerProfiling = (
  telemetry: Telemetry,
  request: IncomingMessage,
  response: ServerResponse,
) => boolean;

/**
 * /profiling at each HTTP server of the process.
 * @returns undefined unless `INFEROMETER_PROFILING` asks for it: the path may be the app's own
 */
export function createServerProfiling({ enabled, token }: ProfilingConfig): ServerProfiling | undefined {
  if (!enabled) return undefined;
  const access = createProfilingAccess(token === undefined ? {} : { token });
  return (telemetry, request, response) => {
    const { url = '/' } = request;
    if (!isBelow(url, profilingPath) || profilingInCode.isDecided) return false;
    const below = url.slice(profilingPath.length);
    answerProfiling({ telemetry, access, request, response, base: profilingPath, url: below });
    return true;
  };
}
