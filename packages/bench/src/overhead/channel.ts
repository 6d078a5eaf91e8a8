import type { ChildProcess } from 'node:child_process';

/** Answers of a child process, by question; a promise is waited for. */
export type Answers = Readonly<Record<string, (details?: unknown) => unknown>>;

interface Question {
  readonly question: string;
  readonly details?: unknown;
}

interface Reply {
  readonly question: string;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Answers the parent over the process channel, and ends this process when the parent has gone. */
export function answer(answers: Answers): void {
  process.on('message', ({ question, details }: Question) => {
    // At once where the answer is no promise: readings are of the time at which they were asked for.
    const send = (reply: Omit<Reply, 'question'>): void => void process.send?.({ question, ...reply });
    const fail = (error: unknown): void =>
      send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    try {
      const given = answers[question]?.(details);
      if (given instanceof Promise) given.then((value) => send({ answer: value }), fail);
      else send({ answer: given });
    } catch (error) {
      fail(error);
    }
  });
  process.on('disconnect', () => process.exit());
  // The channel alone must not keep a process alive that would end otherwise.
  process.channel?.unref();
}

/**
 * Asks a child that answers by `answer`; the same question only one at a time.
 * @throws {Error} with the stack of what the child threw
 */
export async function ask(child: ChildProcess, question: string, details?: unknown): Promise<unknown> {
  const reply = new Promise<unknown>((resolve, reject) => {
    const onMessage = (message: Reply): void => {
      // Instrumentation in the child may send messages of its own.
      if (message?.question !== question) return;
      child.off('message', onMessage);
      if (message.error === undefined) resolve(message.answer);
      else reject(new Error(`${question}: ${message.error}`));
    };
    child.on('message', onMessage);
  });
  child.send({ question, details });
  return reply;
}
