import { InferometerError } from '@inferometer/core';
import type { CallOptions } from '../call.ts';
import { atDeadline, expired } from '../deadline.ts';
import type { Lease } from '../executor/pool.ts';
import type { ExecutorReply, FinishReason, Sampling } from '../executor/protocol.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import { cancelled } from './place-queue.ts';
import type { Reader } from './reader.ts';
import type { StepNotes } from './step-notes.ts';
import { createTextStream } from './text-stream.ts';

export interface GenerateOptions extends CallOptions {
  readonly sampling: Sampling;
  /** Strings that end the text and are not part of it. */
  readonly stop?: readonly string[];
  /** Text as it comes. Without it, a generation whose executor dies is run again. */
  readonly onText?: (text: string) => void;
  /** The one who gets the text: while it is behind, the generation keeps its place but makes no more. */
  readonly reader?: Reader;
}

export interface Generated {
  readonly text: string;
  /** Tokens of the text; the end token is none. */
  readonly tokens: number;
  readonly reason: Exclude<FinishReason, 'cancelled'>;
}

/**
 * Runs one generation in a place of an executor, and gives the place back once the executor has let go of it.
 * @param prompt token ids, shape [tokens], at least one
 * @throws {InferometerError} CANCELLED, DEADLINE_EXCEEDED, EXECUTOR_CRASHED, RUN_TIMEOUT or RUN_FAILED
 */
export function runGeneration(
  tokenizer: Tokenizer,
  notes: StepNotes,
  lease: Lease,
  prompt: Int32Array,
  request: GenerateOptions & { readonly deadline: number },
): Promise<Generated> {
  const { trace, signal, sampling, reader } = request;
  const stream = createTextStream(tokenizer.decode, request.stop ?? []);
  let text = '';
  let tokens = 0;
  let lastToken: number | undefined;
  let isResting = false;
  const emit = (piece: string): void => {
    if (piece === '') return;
    text += piece;
    request.onText?.(piece);
  };

  return new Promise((resolve, reject) => {
    let settled = false;
    const finish = (settle: () => void): void => {
      if (settled) return;
      settled = true;
      signal?.removeEventListener('abort', onAbort);
      callOff();
      stopListening?.();
      trace?.enter('stream');
      settle();
    };
    const stop = (error: InferometerError): void => {
      lease.cancel(id);
      finish(() => reject(error));
    };
    const onAbort = (): void => stop(cancelled());
    const rest = (isBehind: boolean): void => {
      if (settled || isBehind === isResting) return;
      isResting = isBehind;
      trace?.enter(isBehind ? 'stream' : 'queue');
      lease.rest(id, isBehind);
    };
    /** Only now is the place free: a cancelled generation holds it until its step has ended. */
    const release = (): void => {
      notes.remove(id);
      lease.done();
    };
    const take = (token: number, drawn: number): boolean => {
      tokens++;
      trace?.generated(drawn, lastToken);
      lastToken = drawn;
      const delta = stream.push(token);
      emit(delta.text);
      return delta.stopped;
    };
    const onReply = (reply: ExecutorReply): void => {
      if (reply.type === 'stepped') {
        notes.note(reply, lease.executor);
        const row = reply.rows.find((one) => one.id === id);
        if (!settled && row?.token !== undefined && take(row.token, reply.times.drawn)) {
          if (row.end === undefined) lease.cancel(id);
          finish(() => resolve({ text, tokens, reason: 'stop' }));
        }
        if (row?.end === undefined) return;
        const reason = row.end;
        finish(() => {
          emit(stream.flush());
          resolve({ text, tokens, reason });
        });
      } else if (reply.type === 'failed') {
        finish(() => reject(new InferometerError('RUN_FAILED', `the generation failed: ${reply.message}`)));
      }
      release();
    };
    trace?.enter('batch');
    const id = lease.send(
      { type: 'generate', prompt, sampling },
      {
        onReply,
        onCrash: (cause) => {
          finish(() => reject(cause));
          release();
        },
      },
    );
    notes.add(id, {
      trace,
      get isResting() {
        return isResting;
      },
    });
    const stopListening = reader?.onChange(rest);
    if (reader?.isBehind) rest(true);
    signal?.addEventListener('abort', onAbort, { once: true });
    const callOff = atDeadline(request.deadline, () => stop(expired()));
    // It may have been while the place was on its way.
    if (signal?.aborted) onAbort();
  });
}
