import { cpuSince } from './closed-loop.ts';
import { type Connection, openConnection } from './connection.ts';
import type { Outcome, Sample } from './outcome.ts';

export interface OpenLoop {
  readonly host: string;
  readonly port: number;
  /** Connections that are there from the start; more are opened when all are in use. */
  readonly connections: number;
  /** ms from the start, ascending. */
  readonly dueMs: Float64Array;
  /** Before anything is counted, s. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly samples: number;
}

/**
 * Sends each request when it is due, whatever has become of those before it. Latency counts from when it was due, so
 * that a server that stalls is charged for all who would have come meanwhile. What was due in the measured time counts.
 * @param requests whole requests; begun again at the end
 */
export async function runOpenLoop(loop: OpenLoop, requests: readonly Buffer[]): Promise<Outcome> {
  const { dueMs } = loop;
  const from = loop.warmUpSeconds * 1000;
  const first = dueMs.findIndex((due) => due >= from);
  const measured = first < 0 ? 0 : dueMs.length - first;
  const latenciesMs = new Float64Array(measured);
  const statuses = new Uint16Array(measured);
  const latenessMs = new Float64Array(measured);
  const samples: Sample[] = [];
  const idle: Connection[] = Array.from({ length: loop.connections }, () =>
    openConnection(loop.host, loop.port),
  );
  let cpu: NodeJS.CpuUsage | undefined;
  let underWay = 0;
  const all = Promise.withResolvers<void>();
  const begin = performance.now();

  const send = (index: number, due: number): void => {
    let connection = idle.pop();
    while (connection && !connection.isOpen) connection = idle.pop();
    const used = connection ?? openConnection(loop.host, loop.port);
    const at = index - first;
    const counts = first >= 0 && at >= 0;
    if (counts) {
      cpu ??= process.cpuUsage();
      latenessMs[at] = performance.now() - begin - due;
    }
    const request = index % requests.length;
    underWay++;
    used.send(requests[request] as Buffer, (answer) => {
      if (counts) {
        latenciesMs[at] = performance.now() - begin - due;
        statuses[at] = answer?.status ?? 0;
        if (answer?.status === 200 && samples.length < loop.samples)
          samples.push({ request, status: answer.status, body: answer.body.toString() });
      }
      if (used.isOpen) idle.push(used);
      if (--underWay === 0 && next >= dueMs.length) all.resolve();
    });
  };

  let next = 0;
  const step = (): void => {
    const now = performance.now() - begin;
    while (next < dueMs.length && (dueMs[next] as number) <= now) {
      const index = next++;
      send(index, dueMs[index] as number);
    }
    if (next < dueMs.length) setTimeout(step, Math.floor((dueMs[next] as number) - now));
    else if (underWay === 0) all.resolve();
  };
  step();
  await all.promise;
  const cpuSeconds = cpuSince(cpu);
  for (const connection of idle) connection.close();
  return { seconds: loop.seconds, latenciesMs, statuses, latenessMs, cpuSeconds, samples, sent: next };
}
