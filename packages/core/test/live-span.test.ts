import { LiveSpan, type SpanLimits } from '@inferometer/core';
import {
  type Attributes,
  type AttributeValue,
  type Exception,
  ROOT_CONTEXT,
  type Span,
  type TimeInput,
} from '@opentelemetry/api';
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { createRandom, type Random } from './random.ts';

/** A span of ours must end up as the stock SDK's does after the same calls. */

const odd: readonly [unknown, ...unknown[]] = [
  undefined,
  null,
  10n,
  Symbol('s'),
  () => {},
  new Date(0),
  new Map(),
  [1, 'a'],
  [1, null, undefined, 2],
  ['long text here', null],
  [{ a: 1 }],
  { nested: { text: 'long text here', list: [1, 'two'], none: undefined } },
  new Uint8Array([1, 2, 3, 4, 5, 6, 7]),
  Object.assign(Object.create(null), { bare: 'long text here' }),
  [],
  {},
  Number.NaN,
  Number.POSITIVE_INFINITY,
];

function value(random: Random): AttributeValue {
  switch (random.int(6)) {
    case 0:
      return random.int(100);
    case 1:
      return random() < 0.5;
    case 2:
      return 'x'.repeat(random.int(20));
    case 3:
      return Array.from({ length: random.int(4) }, () => 'y'.repeat(random.int(12)));
    default:
      return random.pick(odd) as AttributeValue;
  }
}

function key(random: Random): string {
  return random.pick(['', 'a', 'b', 'c', 'd', 'e', 'f', 'toString', 'constructor', 'a.b']);
}

function attributes(random: Random): Attributes | undefined {
  if (random.int(5) === 0) return undefined;
  return Object.fromEntries(Array.from({ length: random.int(5) }, () => [key(random), value(random)]));
}

function time(random: Random): TimeInput {
  const at = 1_700_000_000_000 + random.int(1e9);
  return random.pick<TimeInput>([at, new Date(at), [Math.floor(at / 1000), random.int(1e9)]]);
}

function exception(random: Random): Exception {
  return random.pick<Exception>([
    'text',
    '',
    { message: 'm' },
    { name: 'N', message: '', stack: 's' },
    { code: 42, name: 'N', message: 'm' },
    { code: 0, name: 'Zero' },
    { stack: 'only' } as Exception,
    { code: 'E_CODE' },
  ]);
}

/** One call, the same for both. */
function call(random: Random): (span: Span) => void {
  const [k, v, some, at] = [key(random), value(random), attributes(random), time(random)];
  const status = random.pick([
    { code: 0 },
    { code: 1 },
    { code: 1, message: 'ignored' },
    { code: 2 },
    { code: 2, message: 'why' },
    { code: 2, message: 5 as unknown as string },
  ]);
  const link = { context: { traceId: '1'.repeat(32), spanId: `${random.int(9)}`.repeat(16), traceFlags: 1 } };
  switch (random.int(12)) {
    case 0:
    case 1:
      return (span) => span.setAttribute(k, v);
    case 2:
      return (span) => span.setAttributes(some ?? {});
    case 3:
      return (span) => span.addEvent('e1', some, at);
    case 4:
      return (span) => span.addEvent('e2', at);
    case 5:
      return (span) => span.addEvent('e3', [1_700_000_000, 5] as TimeInput, at);
    case 6:
      return (span) => span.addLink(some ? { ...link, attributes: some } : link);
    case 7:
      return (span) => span.addLinks([link, { ...link, attributes: { a: 1 }, droppedAttributesCount: 3 }]);
    case 8:
      return (span) => void (random.int(6) === 0 && span.setStatus(status));
    case 9:
      return (span) => span.setStatus(status);
    case 10:
      return (span) => span.recordException(exception(random), at);
    default:
      return (span) => span.updateName(k);
  }
}

function us([seconds, nanos]: readonly [number, number]): number {
  return Math.round(seconds * 1e6 + nanos / 1e3);
}

function stockState(span: ReadableSpan): unknown {
  return {
    name: span.name,
    attributes: span.attributes,
    status: span.status,
    events: span.events.map((event) => ({
      name: event.name,
      epochUs: us(event.time),
      attributes: event.attributes ?? {},
      dropped: event.droppedAttributesCount ?? 0,
    })),
    links: span.links.map((link) => ({
      traceId: link.context.traceId,
      spanId: link.context.spanId,
      attributes: link.attributes ?? {},
      dropped: link.droppedAttributesCount ?? 0,
    })),
    dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
  };
}

function ourState({ extras }: LiveSpan): unknown {
  return {
    name: extras?.name ?? 'span',
    attributes: extras?.attributes ?? {},
    status: extras?.status ?? { code: 0 },
    events: extras?.events ?? [],
    links: extras?.links ?? [],
    dropped: [extras?.droppedAttributes ?? 0, extras?.droppedEvents ?? 0, extras?.droppedLinks ?? 0],
  };
}

test('the same calls leave the same on it as on a span of the stock SDK, within whatever limits', () => {
  for (let seed = 1; seed <= 600; seed++) {
    const random = createRandom(seed);
    const limits: SpanLimits = {
      attributeCount: random.pick([0, 1, 3, 128]),
      attributeValueLength: random.pick([1, 5, Number.POSITIVE_INFINITY]),
      eventCount: random.pick([0, 1, 3, 128]),
      linkCount: random.pick([0, 1, 3, 128]),
      attributePerEvent: random.pick([0, 1, 128]),
      attributePerLink: random.pick([0, 1, 128]),
    };
    const provider = new TracerProvider({
      spanLimits: {
        attributeCountLimit: limits.attributeCount,
        attributeValueLengthLimit: limits.attributeValueLength,
        eventCountLimit: limits.eventCount,
        linkCountLimit: limits.linkCount,
        attributePerEventCountLimit: limits.attributePerEvent,
        attributePerLinkCountLimit: limits.attributePerLink,
      },
    });
    const stock = provider.getTracer('test').startSpan('span', {}, ROOT_CONTEXT);
    const ours = new LiveSpan(stock.spanContext(), limits, () => true);
    const seeds = Array.from({ length: 30 }, () => random.int(2 ** 31));
    for (const each of seeds) {
      // Made twice from the same seed: a call must not see what the other one did to its arguments.
      call(createRandom(each))(stock);
      call(createRandom(each))(ours);
    }
    expect(ourState(ours), `seed ${seed}`).toEqual(stockState(stock as unknown as ReadableSpan));
  }
});

test('times without a date are the process’s own, and now if there is none', () => {
  const span = new LiveSpan(
    { traceId: '1', spanId: '2', traceFlags: 1 },
    {
      attributeCount: 1,
      attributeValueLength: 1,
      eventCount: 9,
      linkCount: 1,
      attributePerEvent: 1,
      attributePerLink: 1,
    },
    () => true,
  );
  const before = Date.now();
  const mono = performance.now();
  span
    .addEvent('now')
    .addEvent('on the monotonic clock', mono)
    .addEvent('then', before - 5000);
  const [now, own, then] = span.extras?.events.map(({ epochUs }) => epochUs / 1000) ?? [];
  expect(Math.abs((now ?? 0) - before)).toBeLessThan(1000);
  expect(Math.abs((own ?? 0) - before)).toBeLessThan(1000);
  expect(own).toBeLessThanOrEqual(now ?? 0);
  expect(then).toBe(before - 5000);
});

test('nothing is kept by one that does not record', () => {
  const span = new LiveSpan({ traceId: '1', spanId: '2', traceFlags: 0 }, {} as SpanLimits, () => false);
  span.setAttribute('a', 1).addEvent('e').setStatus({ code: 2 }).updateName('n');
  span.recordException('text');
  expect(span.extras).toBeUndefined();
  expect(span.isRecording()).toBe(false);
});
