import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { installed, openRequestOf, traceIncoming } from '@inferometer/core';
import { context as contextApi } from '@opentelemetry/api';

type Emit = (this: http.Server, event: string, ...args: unknown[]) => boolean;

/**
 * Traces each request to any HTTP server of this process, whoever made it and however its module was loaded: servers
 * announce requests by `emit`, which is what is wrapped.
 * @returns takes it back
 */
export function traceHttpServers(): () => void {
  const undo = [http.Server.prototype, https.Server.prototype].map((prototype) => {
    const holder = prototype as unknown as { emit: Emit };
    const own = Object.hasOwn(holder, 'emit');
    const original = holder.emit;
    const traced: Emit = function (event, ...args) {
      const { telemetry } = installed;
      if (event !== 'request' || telemetry === undefined) return original.call(this, event, ...args);
      const request = args[0] as IncomingMessage;
      // A server that hands a request on to another one has it announced twice.
      if (openRequestOf(request)) return original.call(this, event, ...args);
      const { context } = traceIncoming(telemetry, request, args[1] as ServerResponse);
      return contextApi.with(context, original, this, event, ...args);
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
