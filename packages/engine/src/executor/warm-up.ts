import type { TimedRun } from '../load/phases.ts';
import { invalid } from '../model/files.ts';
import type { FixedShape } from './graph-inputs.ts';
import type { ExecutorPool, Work } from './pool.ts';
import type { ExecutorReply } from './protocol.ts';

/** A batch of one text, padded to a fixed shape. */
export function embedWork(ids: Int32Array, fixed: FixedShape): Work {
  const rows = fixed.rows ?? 1;
  const columns = fixed.columns ?? ids.length;
  const padded = new Int32Array(rows * columns);
  padded.set(ids.subarray(0, columns));
  return {
    type: 'embed',
    rows,
    columns,
    ids: padded,
    lengths: new Int32Array(rows).fill(Math.max(1, ids.length)),
  };
}

/** A full batch of one token over and over, shape [rows, columns]. */
export function repeatWork(token: number, rows: number, columns: number): Work {
  const ids = new Int32Array(rows * columns).fill(token);
  return { type: 'embed', rows, columns, ids, lengths: new Int32Array(rows).fill(columns) };
}

/** One token after a prompt. */
export function generateWork(prompt: Int32Array): Work {
  return { type: 'generate', prompt, sampling: { maxTokens: 1, temperature: 0, topK: 0, topP: 1, seed: 0 } };
}

/** What one executor answered. */
export interface WarmReply {
  readonly executor: number;
  readonly reply: ExecutorReply;
  /** When the model ran, on the executor's clock. */
  readonly run: TimedRun | undefined;
}

/**
 * Runs a piece of work in every executor: the first run of a graph allocates and is slow.
 * @returns the last reply of each executor
 * @throws {InferometerError} INVALID_MODEL with what the run said
 */
export function warmUp(pool: ExecutorPool, work: Work, graph: string): Promise<readonly WarmReply[]> {
  const leases = Array.from({ length: pool.size }, () => pool.acquire()).filter(
    (lease) => lease !== undefined,
  );
  return Promise.all(
    leases.map(
      (lease) =>
        new Promise<WarmReply>((resolve, reject) => {
          let run: TimedRun | undefined;
          const done = (settle: () => void): void => {
            lease.done();
            settle();
          };
          // Arrays are handed over to threads: each executor gets its own.
          lease.send(structuredClone(work), {
            onReply: (reply) => {
              run ??= runOf(reply);
              if (reply.type === 'stepped' && reply.rows[0]?.end === undefined) return;
              if (reply.type === 'failed')
                done(() => reject(invalid(`${graph} cannot be run: ${oneLine(reply.message)}`)));
              else done(() => resolve({ executor: lease.executor, reply, run }));
            },
            onCrash: (cause) => done(() => reject(cause)),
          });
        }),
    ),
  );
}

function runOf(reply: ExecutorReply): TimedRun | undefined {
  if (reply.type === 'embedded') return { start: reply.runStart, end: reply.runEnd };
  if (reply.type !== 'stepped') return undefined;
  return { start: reply.times.runStart, end: reply.times.runEnd };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
