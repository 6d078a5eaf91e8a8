import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { installed, openRequestOf, traceIncoming } from '@inferometer/core';
import { context as contextApi } from '@opentelemetry/api';
import type { ServerProfiling } from './server-profiling.ts';

type Emit = (this: http.Server, ...args: [event: string, ...values: unknown[]]) => boolean;

/**
 * Traces each request to any HTTP server of this process, whoever made it and however its module was loaded: servers
 * announce requests by `emit`, which is what is wrapped.
 * @param profiling answers what the app does not get to see, and no trace is opened for
 * @returns takes it back
 */
export function traceHttpServers(profiling?: ServerProfiling): () => void {
  const undo = [http.Server.prototype, https.Server.prototype].map((prototype) => {
    const holder = prototype as unknown as { emit: Emit };
    const own = Object.hasOwn(holder, 'emit');
    const original = holder.emit;
    const traced: Emit = function (...args) {
      const { telemetry } = installed;
      if (args[0] !== 'request' || telemetry === undefined) return original.apply(this, args);
      const request = args[1] as IncomingMessage;
      // A server that hands a request on to another one has it announced twice.
      if (openRequestOf(request)) return original.apply(this, args);
      const response = args[2] as ServerResponse;
      if (profiling?.(telemetry, request, response)) return true;
      const { context } = traceIncoming(telemetry, request, response);
      const run = (): boolean => original.apply(this, args);
      return installed.runRequest ? installed.runRequest(context, run) : contextApi.with(context, run);
    };
    holder.emit = traced;
    return () => {
      if (holder.emit !== traced) return;
      if (own) holder.emit = original;
      else delete (holder as Partial<typeof holder>).emit;
    };
  });
  return () => {
    for (const one of undo) one();
  };
}
