import { type SpanContext, TraceFlags } from '@opentelemetry/api';
import { type IdWords, randomWord, spanIdOf, traceIdOf, wordOfHex } from '../ids.ts';

/** Who a request is among all others: its trace, and its root span in it. As words, and in hex once somebody asks. */
export class Identity implements IdWords {
  t0: number;
  t1: number;
  t2: number;
  t3: number;
  s0: number = randomWord();
  s1: number = randomWord();
  /** The span it was called in. */
  readonly parent: SpanContext | undefined;
  /** Whether head sampling lets it be exported. */
  sampled = false;
  #traceId: string | undefined;
  #eventId: string | undefined;

  /** @param parent whose trace it belongs to; a new one without */
  constructor(parent: SpanContext | undefined) {
    this.parent = parent;
    if (parent === undefined) {
      this.t0 = randomWord();
      this.t1 = randomWord();
      this.t2 = randomWord();
      this.t3 = randomWord();
    } else {
      this.#traceId = parent.traceId;
      this.t0 = wordOfHex(parent.traceId, 0);
      this.t1 = wordOfHex(parent.traceId, 8);
      this.t2 = wordOfHex(parent.traceId, 16);
      this.t3 = wordOfHex(parent.traceId, 24);
    }
  }

  get traceId(): string {
    this.#traceId ??= traceIdOf(this);
    return this.#traceId;
  }

  get eventId(): string {
    this.#eventId ??= spanIdOf(this);
    return this.#eventId;
  }

  /** Takes the ids of a root span that somebody else made. */
  adoptIds({ traceId, spanId }: SpanContext): void {
    if (/^0*$/.test(traceId)) return;
    this.#traceId = traceId;
    this.#eventId = spanId;
    this.t0 = wordOfHex(traceId, 0);
    this.t1 = wordOfHex(traceId, 8);
    this.t2 = wordOfHex(traceId, 16);
    this.t3 = wordOfHex(traceId, 24);
    this.s0 = wordOfHex(spanId, 0);
    this.s1 = wordOfHex(spanId, 8);
  }

  /** The context of its root span, without making the span. */
  spanContext(): SpanContext {
    return {
      traceId: this.traceId,
      spanId: this.eventId,
      traceFlags: this.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      ...(this.parent?.traceState ? { traceState: this.parent.traceState } : {}),
    };
  }
}
