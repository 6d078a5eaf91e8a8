import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface ProfilingAccess {
  /** Secret that opens /profiling to other machines; this machine needs none. @default none: this machine alone */
  readonly token?: string;
  /** Path that is guarded, for what is said. @default /profiling */
  readonly path?: string;
}

/** Why a request may not see /profiling. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly error: string;
}

/** @returns undefined for a request that may */
export type AccessCheck = (request: IncomingMessage) => Refusal | undefined;

/** What proxies add: the client is somebody else than who has connected. */
const proxyHeaders = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'via',
] as const;

/**
 * Lets in who comes from this machine without a proxy, or who knows the token.
 * @throws {RangeError} for an empty token
 */
export function createProfilingAccess({ token, path = '/profiling' }: ProfilingAccess): AccessCheck {
  if (token === '') throw new RangeError('the token of /profiling must not be empty');
  const expected = token === undefined ? undefined : digest(token);
  return (request) => {
    if (expected !== undefined) {
      const given = tokenOf(request);
      // Digests are of one length, as the comparison needs them, and tell nothing of the token's.
      if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
    }
    if (isFromHere(request)) {
      if (isOwnPage(request)) return undefined;
      return { status: 403, error: `a page of another origin may not use ${path} of this machine` };
    }
    if (expected !== undefined) {
      return {
        status: 401,
        error:
          'wrong or no token: send it as "authorization: Bearer <token>" or "x-inferometer-token: <token>"',
      };
    }
    return {
      status: 403,
      error: `${path} answers requests from its own machine alone; to open it set INFEROMETER_PROFILING_TOKEN there and send the token as "authorization: Bearer <token>"`,
    };
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const own = headers['x-inferometer-token'];
  if (typeof own === 'string') return own;
  return /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]?.trim();
}

function isFromHere({ socket, headers }: IncomingMessage): boolean {
  if (proxyHeaders.some((name) => headers[name] !== undefined)) return false;
  return isLoopback(socket.remoteAddress ?? '');
}

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/i.test(address) || address === '::1';
}

/**
 * Whether a browser of this machine asks for a page of this server: pages of others can make it send requests, and by a
 * name of theirs that they let point here read the answers.
 */
function isOwnPage({ headers }: IncomingMessage): boolean {
  const { origin } = headers;
  const host = headers.host ?? (headers[':authority'] as string | undefined);
  if (host !== undefined && !isLocalName(host)) return false;
  return origin === undefined || origin.replace(/^https?:\/\//, '') === host;
}

function isLocalName(host: string): boolean {
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name);
}
