import type { ChildProcess } from 'node:child_process';

/** Answers of a child process, by question. */
export type Answers = Readonly<Record<string, () => unknown>>;

interface Question {
  readonly question: string;
}

/** Answers the parent over the process channel, and ends this process when the parent has gone. */
export function answer(answers: Answers): void {
  process.on('message', ({ question }: Question) =>
    process.send?.({ question, answer: answers[question]?.() }),
  );
  process.on('disconnect', () => process.exit());
  // The channel alone must not keep a process alive that would end otherwise.
  process.channel?.unref();
}

/** Asks a child that answers by `answer`; one question at a time. */
export async function ask(child: ChildProcess, question: string): Promise<unknown> {
  const reply = new Promise<unknown>((resolve) => {
    const onMessage = (message: Question & { readonly answer: unknown }): void => {
      // Instrumentation in the child may send messages of its own.
      if (message?.question !== question) return;
      child.off('message', onMessage);
      resolve(message.answer);
    };
    child.on('message', onMessage);
  });
  child.send({ question });
  return reply;
}
