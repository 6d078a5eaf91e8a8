import {
  type Attributes,
  type AttributeValue,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api';
import { currentEpochOffset, monoNow } from '../clock.ts';
import { isAnyValue, limitedAttributes, shortened } from './span-attributes.ts';

/** How much a span may hold; what comes on top is dropped and counted. `OTEL_SPAN_*` of the specification. */
export interface SpanLimits {
  /** @default 128 */
  readonly attributeCount: number;
  /** Longest string of an attribute, characters. @default Infinity */
  readonly attributeValueLength: number;
  /** @default 128 */
  readonly eventCount: number;
  /** @default 128 */
  readonly linkCount: number;
  /** Attributes of one event. @default 128 */
  readonly attributePerEvent: number;
  /** Attributes of one link. @default 128 */
  readonly attributePerLink: number;
}

export const defaultSpanLimits: SpanLimits = {
  attributeCount: 128,
  attributeValueLength: Number.POSITIVE_INFINITY,
  eventCount: 128,
  linkCount: 128,
  attributePerEvent: 128,
  attributePerLink: 128,
};

/** What others have put on a span of ours: plain data. */
export interface SpanExtras {
  name?: string;
  attributes: Attributes;
  events: { name: string; epochUs: number; attributes: Attributes; dropped: number }[];
  links: { traceId: string; spanId: string; traceState?: string; attributes: Attributes; dropped: number }[];
  status?: SpanStatus;
  droppedAttributes: number;
  droppedEvents: number;
  droppedLinks: number;
}

/**
 * A span that others see while a request or phase runs: they parent on it and put attributes, events, links and a status
 * on it. Its times are its owner's, so that `end` does nothing.
 */
export class LiveSpan implements Span {
  readonly #context: SpanContext;
  readonly #limits: SpanLimits;
  readonly #recording: () => boolean;
  #extras: SpanExtras | undefined;
  #attributeCount = 0;

  /** @param recording whether it still takes what is put on it */
  constructor(context: SpanContext, limits: SpanLimits, recording: () => boolean) {
    this.#context = context;
    this.#limits = limits;
    this.#recording = recording;
  }

  /** What was put on it; undefined when nothing was. */
  get extras(): SpanExtras | undefined {
    return this.#extras;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return this.#recording();
  }

  setAttribute(key: string, value: AttributeValue): this {
    const extras = this.#writable();
    if (!extras || key === '' || value === undefined) return this;
    const { attributes } = extras;
    const isNew = !Object.hasOwn(attributes, key);
    if (isNew && this.#attributeCount >= this.#limits.attributeCount) {
      extras.droppedAttributes++;
      return this;
    }
    if (!isAnyValue(value)) return this;
    attributes[key] = shortened(value, this.#limits.attributeValueLength);
    if (isNew) this.#attributeCount++;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key] as AttributeValue);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    const extras = this.#writable();
    if (!extras) return this;
    const { eventCount, attributePerEvent, attributeValueLength } = this.#limits;
    if (eventCount === 0) {
      extras.droppedEvents++;
      return this;
    }
    // The newest stay, as in the stock SDK.
    if (extras.events.length >= eventCount) {
      extras.events.shift();
      extras.droppedEvents++;
    }
    const isTime = isTimeInput(attributesOrTime);
    const given = isTime ? undefined : attributesOrTime;
    const { kept, dropped } = limitedAttributes(given, attributePerEvent, attributeValueLength, true);
    const at = isTime && !isTimeInput(time) ? attributesOrTime : time;
    extras.events.push({ name, epochUs: epochUsOf(at), attributes: kept, dropped });
    return this;
  }

  addLink(link: Link): this {
    const extras = this.#writable();
    if (!extras) return this;
    const { linkCount, attributePerLink, attributeValueLength } = this.#limits;
    if (linkCount === 0) {
      extras.droppedLinks++;
      return this;
    }
    if (extras.links.length >= linkCount) {
      extras.links.shift();
      extras.droppedLinks++;
    }
    const { kept, dropped } = limitedAttributes(
      link.attributes,
      attributePerLink,
      attributeValueLength,
      false,
    );
    const { traceId, spanId, traceState } = link.context;
    extras.links.push({
      traceId,
      spanId,
      ...(traceState ? { traceState: traceState.serialize() } : {}),
      attributes: kept,
      dropped,
    });
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus({ code, message }: SpanStatus): this {
    // Ok is final, and Unset takes nothing back: the specification's order.
    if (code === SpanStatusCode.UNSET || this.#extras?.status?.code === SpanStatusCode.OK) return this;
    const extras = this.#writable();
    if (!extras) return this;
    const hasMessage = code === SpanStatusCode.ERROR && typeof message === 'string';
    extras.status = hasMessage ? { code, message } : { code };
    return this;
  }

  updateName(name: string): this {
    const extras = this.#writable();
    if (extras) extras.name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const { code, name, message, stack } =
      typeof exception === 'string'
        ? ({ message: exception } as Partial<Exclude<Exception, string>>)
        : exception;
    const type = code ? String(code) : name;
    // Thrown without a type or text: there is nothing to tell.
    if (!type && !message) return;
    const attributes: Attributes = {};
    if (type) attributes['exception.type'] = type;
    if (message) attributes['exception.message'] = message;
    if (stack) attributes['exception.stacktrace'] = stack;
    this.addEvent('exception', attributes, time);
  }

  end(): void {}

  #writable(): SpanExtras | undefined {
    if (!this.#recording()) return undefined;
    this.#extras ??= {
      attributes: {},
      events: [],
      links: [],
      droppedAttributes: 0,
      droppedEvents: 0,
      droppedLinks: 0,
    };
    return this.#extras;
  }
}

function isTimeInput(value: unknown): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || isHrTime(value);
}

function isHrTime(value: unknown): value is HrTime {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'number'
  );
}

/** Whole µs since the epoch; numbers up to now on its clock are `performance.now()`, as in the stock SDK. */
function epochUsOf(time: TimeInput | undefined): number {
  if (isHrTime(time)) return Math.round(time[0] * 1e6 + time[1] / 1e3);
  if (time instanceof Date) return time.getTime() * 1000;
  if (typeof time !== 'number') return Math.round((monoNow() + currentEpochOffset()) * 1000);
  const now = performance.now();
  return Math.round((time <= now ? monoNow() - now + time + currentEpochOffset() : time) * 1000);
}
