/** What a streamed generation has to say after a token. */
export interface TextDelta {
  /** New text; empty while a character or a stop string is incomplete. */
  readonly text: string;
  /** A stop string came: the generation is over. */
  readonly stopped: boolean;
}

/** Turns tokens into text as they come. */
export interface TextStream {
  push(token: number): TextDelta;
  /** What was held back, at the end. */
  flush(): string;
}

/** A character whose bytes have not all come decodes to this. */
const incomplete = '\ufffd';

/**
 * @param decode the text of tokens
 * @param stop strings that end the generation; they are not part of its text
 */
export function createTextStream(
  decode: (ids: readonly number[]) => string,
  stop: readonly string[],
): TextStream {
  // Only tokens since the last whole character boundary but one are decoded anew: cost stays linear.
  let window: number[] = [];
  let shown = '';
  let held = '';

  /** @returns newly complete text of the tokens */
  const take = (final: boolean): string => {
    const text = decode(window);
    if (!final && text.endsWith(incomplete)) return '';
    const fresh = text.slice(shown.length);
    // The last token stays as context: a decoder may join it to the next one (spaces, word pieces).
    window = window.slice(-1);
    shown = decode(window);
    return fresh;
  };

  /** Keeps back what may be the beginning of a stop string. */
  const release = (): TextDelta => {
    const at = stop.map((string) => held.indexOf(string)).filter((index) => index >= 0);
    if (at.length > 0) {
      const text = held.slice(0, Math.min(...at));
      held = '';
      return { text, stopped: true };
    }
    const keep = Math.max(0, ...stop.map((string) => overlap(held, string)));
    const text = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return { text, stopped: false };
  };

  return {
    push(token) {
      window.push(token);
      held += take(false);
      return release();
    },
    flush() {
      held += window.length > 0 ? take(true) : '';
      const { text, stopped } = release();
      const rest = stopped ? '' : held;
      held = '';
      return text + rest;
    },
  };
}

/** Length of the longest end of `text` that begins `string`. */
function overlap(text: string, string: string): number {
  for (let length = Math.min(text.length, string.length - 1); length > 0; length--) {
    if (text.endsWith(string.slice(0, length))) return length;
  }
  return 0;
}
