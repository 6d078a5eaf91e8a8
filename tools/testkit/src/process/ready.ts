import { messageOf } from '../wait-for.ts';
import type { Output } from './output.ts';

/** When a process counts as ready: when everything given here holds. */
export interface Ready {
  /** It has printed this, to stdout or stderr. */
  readonly output?: RegExp;
  /** A GET is answered with a 2xx status. A function gets the match of `output`: `([, port]) => …`. */
  readonly url?: string | ((match: RegExpExecArray) => string);
  /** Returns true. Throwing counts as not yet. */
  readonly probe?: () => boolean | Promise<boolean>;
}

/** Undefined if ready, else what is still missing. */
export async function notReady(ready: Ready, output: Output): Promise<string | undefined> {
  let match: RegExpExecArray | null = null;
  if (ready.output !== undefined) {
    match = output.match(ready.output);
    if (match === null) return `it has not printed ${ready.output}`;
  }
  if (ready.url !== undefined) {
    const url = typeof ready.url === 'string' ? ready.url : ready.url(match ?? noMatch());
    const problem = await notAnswering(url);
    if (problem !== undefined) return `GET ${url}: ${problem}`;
  }
  if (ready.probe !== undefined) {
    try {
      if (!(await ready.probe())) return 'its probe said no';
    } catch (error) {
      return `its probe failed: ${messageOf(error)}`;
    }
  }
  return undefined;
}

function noMatch(): never {
  throw new TypeError('ready.url is a function of the match of ready.output, which is not given');
}

async function notAnswering(url: string): Promise<string | undefined> {
  try {
    // A part may accept connections before it answers them.
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok ? undefined : `status ${response.status}`;
  } catch (error) {
    return messageOf(error);
  }
}
