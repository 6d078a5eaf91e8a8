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

/** One token after a prompt. */
export function generateWork(prompt: Int32Array): Work {
  return { type: 'generate', prompt, sampling: { maxTokens: 1, temperature: 0, topK: 0, topP: 1, seed: 0 } };
}

/**
 * Runs a piece of work in every executor: the first run of a graph allocates and is slow.
 * @returns the last reply of the first executor
 * @throws {InferometerError} INVALID_MODEL with what the run said
 */
export async function warmUp(
  pool: ExecutorPool,
  work: Work,
  graph: string,
): Promise<ExecutorReply | undefined> {
  const leases = Array.from({ length: pool.size }, () => pool.acquire());
  const replies = await Promise.all(
    leases.map(
      (lease) =>
        new Promise<ExecutorReply | undefined>((resolve, reject) => {
          if (!lease) return resolve(undefined);
          const done = (settle: () => void): void => {
            lease.done();
            settle();
          };
          lease.send(work, {
            onReply: (reply) => {
              if (reply.type === 'stepped' && reply.rows[0]?.end === undefined) return;
              if (reply.type === 'failed')
                done(() => reject(invalid(`${graph} cannot be run: ${oneLine(reply.message)}`)));
              else done(() => resolve(reply));
            },
            onCrash: (cause) => done(() => reject(cause)),
          });
        }),
    ),
  );
  return replies[0];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
