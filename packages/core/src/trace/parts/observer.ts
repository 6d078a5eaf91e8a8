import type { Context } from '@opentelemetry/api';

/** Told when work that comes in parts goes on, rests and ends: `resume` and `pause` in turn, then `done` once. */
export interface PartsObserver {
  /** Active while a part is made. */
  readonly context: Context;
  resume(): void;
  pause(): void;
  /** An item has come. */
  output(): void;
  done(error?: unknown): void;
}

/** Keeps the order of an observer's calls where those who cause them know nothing of each other. */
export class PartsState {
  readonly #observer: PartsObserver;
  /** Parts that are being made at this moment. */
  #working = 0;
  #ended = false;

  constructor(observer: PartsObserver) {
    this.#observer = observer;
  }

  get context(): Context {
    return this.#observer.context;
  }

  get isWorking(): boolean {
    return this.#working > 0;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  begin(): void {
    if (!this.#ended && this.#working++ === 0) this.#observer.resume();
  }

  /** @param isOutput whether an item came */
  finish(isOutput: boolean): void {
    if (this.#ended) return;
    if (isOutput) this.#observer.output();
    if (--this.#working === 0) this.#observer.pause();
  }

  end(error?: unknown): void {
    if (this.#ended) return;
    if (this.#working > 0) this.#observer.pause();
    this.#ended = true;
    this.#observer.done(error);
  }
}
