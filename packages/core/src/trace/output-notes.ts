import type { MonoMs } from '../clock.ts';
import type { TraceRecord } from './record.ts';

/** Knows when a request began. */
interface RequestClock {
  /** µs since its start. */
  us(at: MonoMs): number;
}

/** When a request gave something: outputs of any kind, and a model's tokens. */
export class OutputNotes {
  /** Outputs written. */
  iterations = 0;
  #firstOutput: MonoMs | undefined;
  #firstToken: MonoMs | undefined;
  #lastToken: MonoMs = 0;
  #tokens = 0;
  #betweenMs = 0;
  #gaps = 0;

  wrote(at: MonoMs): void {
    this.#firstOutput ??= at;
    this.iterations++;
  }

  /** @param previous when the token before it came, of the same text */
  generated(at: MonoMs, previous: MonoMs | undefined): void {
    this.#firstToken ??= at;
    this.#lastToken = Math.max(this.#lastToken, at);
    this.#tokens++;
    if (previous === undefined) return;
    this.#betweenMs += at - previous;
    this.#gaps++;
  }

  /** µs to the first output; undefined where there was none. */
  ttftUs(clock: RequestClock): number | undefined {
    return this.#firstOutput === undefined ? undefined : clock.us(this.#firstOutput);
  }

  /** Of the tokens; undefined where there was none. */
  generation(clock: RequestClock): TraceRecord['generation'] {
    if (this.#firstToken === undefined) return undefined;
    return {
      firstUs: clock.us(this.#firstToken),
      lastUs: clock.us(this.#lastToken),
      tokens: this.#tokens,
      betweenUs: Math.round(this.#betweenMs * 1000),
      gaps: this.#gaps,
    };
  }
}
