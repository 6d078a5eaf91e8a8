import type { Readable } from 'node:stream';

/** What a process has printed so far. */
export interface Output {
  stdout(): string;
  stderr(): string;
  /** Both, in the order in which they arrived. */
  all(): string;
  /** The first match in either stream, null while there is none. */
  match(pattern: RegExp): RegExpExecArray | null;
}

export function collectOutput(stdout: Readable, stderr: Readable): Output {
  const texts = { stdout: '', stderr: '', all: '' };
  for (const [name, stream] of [
    ['stdout', stdout],
    ['stderr', stderr],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      texts.all += text;
    });
  }
  return {
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    all: () => texts.all,
    match: (pattern) => firstMatch(pattern, texts.stdout) ?? firstMatch(pattern, texts.stderr),
  };
}

function firstMatch(pattern: RegExp, text: string): RegExpExecArray | null {
  // A pattern with the g or y flag would go on from where its last match ended.
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(text);
}

/** The last lines of a text, indented, for an error message. */
export function tail(text: string, lines = 15): string {
  const last = text.trimEnd().split('\n').slice(-lines);
  return last.map((line) => `  | ${line.slice(0, 500)}`).join('\n');
}
