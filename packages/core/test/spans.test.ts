import {
  createInlineSpans,
  createPlainSpans,
  defaultSpanLimits,
  LiveSpan,
  type LiveTrace,
  mark,
  type PhaseEntry,
  phase,
  type SpanStrategy,
  setAttributes,
  trace,
} from '@inferometer/core';
import { context, propagation, type Span, SpanStatusCode, trace as traceApi } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test } from 'vitest';
import { type Recording, startRecording } from './recording.ts';

let recording: Recording | undefined;
const exporter = new InMemorySpanExporter();

afterEach(() => {
  recording?.[Symbol.dispose]();
  recording = undefined;
  exporter.reset();
});

function active(): Span {
  const span = traceApi.getActiveSpan();
  if (span === undefined) throw new Error('no span is active');
  return span;
}

describe('with spans that are made when a request has ended', () => {
  /** What a deferred strategy does, as far as one can see it from within a request. */
  function deferred(): { strategy: SpanStrategy; traces: LiveTrace[]; entries: PhaseEntry[] } {
    const traces: LiveTrace[] = [];
    const entries: PhaseEntry[] = [];
    const plain = createPlainSpans();
    const isRecording = (it: LiveTrace) => () => it.sampled && !it.ended;
    return {
      traces,
      entries,
      strategy: {
        ...plain,
        isSampled: () => true,
        rootSpan: (it) => new LiveSpan(it.spanContext(), defaultSpanLimits, isRecording(it)),
        phaseSpan: (it, entry) =>
          new LiveSpan(plain.phaseSpan(it, entry).spanContext(), defaultSpanLimits, isRecording(it)),
        ended(it) {
          traces.push(it);
          entries.push(...it.entries);
        },
      },
    };
  }

  test('the active span of a phase is one and the same, and a child of nobody else', () => {
    const { strategy, entries } = deferred();
    recording = startRecording(strategy);
    const ids: string[] = [];
    trace('work', (it) => {
      expect(active().spanContext()).toMatchObject({
        traceId: it.traceId,
        spanId: it.eventId,
        traceFlags: 1,
      });
      for (const name of ['a', 'b']) {
        phase(name, () => {
          expect(active()).toBe(active());
          expect(active().isRecording()).toBe(true);
          expect(active().spanContext()).toMatchObject({ traceId: it.traceId, traceFlags: 1 });
          ids.push(active().spanContext().spanId);
          phase('inner', () => ids.push(active().spanContext().spanId));
        });
      }
      ids.push(it.eventId);
    });
    expect(new Set(ids).size).toBe(5);
    expect(entries.map(({ name, parent }) => [name, parent?.name])).toEqual([
      ['a', undefined],
      ['inner', 'a'],
      ['b', undefined],
      ['inner', 'b'],
    ]);
  });

  test('what is put on it is kept, and nothing any more after the end', () => {
    const { strategy, entries, traces } = deferred();
    recording = startRecording(strategy);
    let late: Span | undefined;
    let root: LiveSpan | undefined;
    trace('work', () => {
      setAttributes({ tier: 'free' });
      root = active() as LiveSpan;
      phase('run', () => {
        mark('loaded', { layers: 6 });
        setAttributes({ 'my.attribute': 1 });
        active().setStatus({ code: SpanStatusCode.ERROR, message: 'half of it' });
        active().addLink({ context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 } });
        late = active();
      });
    });
    const extras = (entries[0] as PhaseEntry & { span: LiveSpan }).span.extras;
    expect(extras).toMatchObject({
      attributes: { 'my.attribute': 1 },
      events: [{ name: 'loaded', attributes: { layers: 6 }, dropped: 0 }],
      links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), attributes: {}, dropped: 0 }],
      status: { code: SpanStatusCode.ERROR, message: 'half of it' },
    });
    expect(root?.extras?.attributes).toEqual({ tier: 'free' });
    expect(late?.isRecording()).toBe(false);
    late?.setAttribute('late', true).addEvent('late').addLink({ context: active_() }).updateName('late');
    late?.recordException(new Error('late'));
    expect((entries[0] as PhaseEntry & { span: LiveSpan }).span.extras).toEqual(extras);
    expect(traces.length).toBe(1);
  });

  test('of a phase past the first 512 it is the span around it, for that one is exported', () => {
    const { strategy } = deferred();
    recording = startRecording(strategy);
    trace('work', (it) => {
      for (let i = 0; i < 511; i++) phase('step', () => {});
      phase('last', () => {
        const { spanId } = active().spanContext();
        expect(spanId).not.toBe(it.eventId);
        phase('skipped', () => phase('in it', () => expect(active().spanContext().spanId).toBe(spanId)));
      });
      phase('skipped', () => expect(active().spanContext().spanId).toBe(it.eventId));
    });
  });

  test('what goes on after the end of its request is a child of the root', async () => {
    const { strategy } = deferred();
    recording = startRecording(strategy);
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let eventId = '';
    const late: Promise<Span>[] = [];
    trace('work', (it) => {
      eventId = it.eventId;
      late.push(
        phase('run', async () => {
          await gate;
          return active();
        }),
      );
      late.push(
        phase('asked', async () => {
          active();
          await gate;
          return active();
        }),
      );
    });
    release();
    const [unasked, asked] = await Promise.all(late);
    expect(unasked?.spanContext().spanId).toBe(eventId);
    expect(asked?.spanContext().spanId).not.toBe(eventId);
    expect([unasked?.isRecording(), asked?.isRecording()]).toEqual([false, false]);
    expect(recording.only().trace.eventId).toBe(eventId);
  });

  function active_() {
    return { traceId: '3'.repeat(32), spanId: '4'.repeat(16), traceFlags: 1 };
  }
});

describe('with spans of the stock SDK', () => {
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer('test');

  function spansByName(): Map<string, ReadableSpan> {
    return new Map(exporter.getFinishedSpans().map((span) => [span.name, span]));
  }

  function parentOf(name: string): string | undefined {
    const spans = spansByName();
    const parentId = spans.get(name)?.parentSpanContext?.spanId;
    return [...spans.values()].find((span) => span.spanContext().spanId === parentId)?.name;
  }

  test('phases are spans with what users put on them, and users’ spans lie where they were made', async () => {
    recording = startRecording(createInlineSpans(tracer));
    const key = propagation.createBaggage({ user: { value: 'ada' } });
    await trace({ name: 'work', model: 'minilm', attributes: { 'my.own': 1 } }, async () => {
      await phase('preprocess', async () => {
        mark('read');
        const span = tracer.startSpan('fetch');
        await context.with(
          propagation.setBaggage(traceApi.setSpan(context.active(), span), key),
          async () => {
            await phase('decode', async () => {
              expect(propagation.getActiveBaggage()?.getEntry('user')?.value).toBe('ada');
              tracer.startSpan('decoder').end();
            });
          },
        );
        span.end();
      });
      expect(() =>
        phase('run', () => {
          throw new Error('no');
        }),
      ).toThrow('no');
    });
    expect(parentOf('inference.preprocess')).toBe('work');
    expect(parentOf('fetch')).toBe('inference.preprocess');
    expect(parentOf('inference.decode')).toBe('fetch');
    expect(parentOf('decoder')).toBe('inference.decode');
    expect(parentOf('inference.run')).toBe('work');
    const spans = spansByName();
    expect(spans.get('inference.run')?.status.code).toBe(SpanStatusCode.ERROR);
    expect(spans.get('inference.preprocess')?.events.map(({ name }) => name)).toEqual(['read']);
    expect(spans.get('work')?.attributes).toMatchObject({ 'my.own': 1, 'inference.model': 'minilm' });
    expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(exporter.getFinishedSpans().every((span) => span.ended)).toBe(true);
  });

  test('a span of another trace, or of none, takes no phase away', () => {
    recording = startRecording(createInlineSpans(tracer));
    trace('work', () => {
      const foreign = tracer.startSpan('foreign', { root: true });
      context.with(traceApi.setSpan(context.active(), foreign), () => phase('run', () => {}));
      foreign.end();
      const unsampled = traceApi.wrapSpanContext({
        ...active().spanContext(),
        spanId: 'a'.repeat(16),
        traceFlags: 0,
      });
      context.with(traceApi.setSpan(context.active(), unsampled), () => phase('postprocess', () => {}));
      context.with(traceApi.deleteSpan(context.active()), () => phase('stream', () => {}));
    });
    for (const name of ['inference.run', 'inference.postprocess', 'inference.stream'])
      expect(parentOf(name)).toBe('work');
  });

  test('a phase that outlives its request ends with it, and leaves the request’s ids as they are', async () => {
    recording = startRecording(createInlineSpans(tracer));
    let release = (): void => {};
    let late: Promise<string> | undefined;
    let abandoned: Generator | undefined;
    trace('work', () => {
      late = phase('run', async () => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        phase('later', () => {});
        return active().spanContext().traceId;
      });
      abandoned = phase('stream', function* () {
        yield 1;
        yield 2;
      });
      abandoned.next();
    });
    const { eventId, traceId } = recording.only().trace;
    const finished = [...spansByName().keys()].sort();
    expect(finished.filter((name) => name !== 'inference.unattributed')).toEqual([
      'inference.run',
      'inference.stream',
      'work',
    ]);
    release();
    expect(await late).toBe(traceId);
    abandoned?.next();
    expect(recording.only().trace.eventId).toBe(eventId);
    expect([...spansByName().keys()].sort()).toEqual(finished);
  });
});
