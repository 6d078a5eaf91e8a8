import { type Connection, openConnection } from './connection.ts';
import type { Outcome, Sample } from './outcome.ts';
import type { HttpAnswer } from './response-parser.ts';

export interface ClosedLoop {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Before anything is counted, s. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Answers that are kept, of the measured ones. */
  readonly samples: number;
}

const mostWindows = 20;

/**
 * Each connection sends its next request when it has its answer. What ends in the measured time counts; it returns when
 * nothing is under way any more.
 * @param requests whole requests; begun again at the end
 */
export async function runClosedLoop(loop: ClosedLoop, requests: readonly Buffer[]): Promise<Outcome> {
  const latencies: number[] = [];
  const statuses: number[] = [];
  const samples: Sample[] = [];
  const begin = performance.now();
  const from = begin + loop.warmUpSeconds * 1000;
  const windowMs = loop.seconds * 1000;
  let windows = 1;
  let until = from + windowMs;
  let next = 0;
  let cpu: NodeJS.CpuUsage | undefined;

  const drive = (connection: Connection): Promise<void> =>
    new Promise((resolve) => {
      let open = connection;
      const send = (): void => {
        const index = next++ % requests.length;
        if (!open.isOpen) open = openConnection(loop.host, loop.port);
        const sent = performance.now();
        open.send(requests[index] as Buffer, (answer) => {
          const ended = performance.now();
          // A slow server's first batch may take longer than the window: another one is given, not a rate of nothing.
          while (latencies.length === 0 && ended >= until && windows < mostWindows)
            until = from + ++windows * windowMs;
          if (ended >= from && ended < until) note(index, ended - sent, answer);
          // A server that breaks connections would be called again without end.
          if (ended < until && answer !== undefined) send();
          else {
            open.close();
            resolve();
          }
        });
      };
      send();
    });

  const note = (index: number, latencyMs: number, answer: HttpAnswer | undefined): void => {
    cpu ??= process.cpuUsage();
    latencies.push(latencyMs);
    statuses.push(answer?.status ?? 0);
    if (answer && samples.length < loop.samples)
      samples.push({ request: index, status: answer.status, body: answer.body.toString() });
  };

  await Promise.all(
    Array.from({ length: loop.connections }, () => drive(openConnection(loop.host, loop.port))),
  );
  return {
    seconds: windows * loop.seconds,
    latenciesMs: Float64Array.from(latencies),
    statuses: Uint16Array.from(statuses),
    latenessMs: new Float64Array(),
    cpuSeconds: cpuSince(cpu),
    samples,
    sent: next,
  };
}

export function cpuSince(start: NodeJS.CpuUsage | undefined): number {
  const { user, system } = process.cpuUsage(start);
  return start ? (user + system) / 1e6 : 0;
}
