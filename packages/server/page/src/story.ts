import { ApiError, detailOf, messageOf, post, traceOf } from './api.ts';
import { byId, element } from './dom.ts';
import { createPhases, timesOf } from './phases-bar.ts';
import { readEvents } from './sse.ts';

/** One event of a streamed completion. */
interface Chunk {
  readonly choices?: readonly { readonly text: string; readonly finish_reason: string | null }[];
  readonly usage?: { readonly completion_tokens: number } | null;
  readonly error?: { readonly message?: string };
}

/** Times of a stream, ms on the page's clock. */
interface Pace {
  readonly startedAt: number;
  firstAt: number | undefined;
  lastAt: number;
  tokens: number;
  /** Why it ended: `stop`, `length`, or what happened to it. */
  end: string;
}

export interface Story {
  /** Names the model that writes. */
  setModel(model: string): void;
  /** Offers a beginning, unless a person has written one. */
  suggest(mood: string, nickname: string, language: string): void;
}

/** What a story starts with; the words are those that nickname-lm has learnt from. */
const beginnings: Readonly<Record<string, (mood: string, nickname: string) => string>> = {
  en: (mood, nickname) => `mood: ${mood}\nnickname: ${nickname}\nstory:`,
  ko: (mood, nickname) => `기분: ${mood}\n별명: ${nickname}\n이야기:`,
};

/** The form that has a story written. @param done called after each request */
export function startStory(done: () => void): Story {
  const form = byId('story-form', HTMLFormElement);
  const prompt = byId('prompt', HTMLTextAreaElement);
  const write = byId('story-write', HTMLButtonElement);
  const stop = byId('story-stop', HTMLButtonElement);
  const story = byId('story-text');
  const phases = createPhases(byId('story-phases'));
  let model = '';
  let suggested = '';
  let running = new AbortController();

  const setRunning = (isRunning: boolean): void => {
    // A button that is disabled loses the focus: it goes to the one that can be pressed now.
    const hadFocus = document.activeElement === (isRunning ? write : stop);
    write.disabled = isRunning;
    stop.disabled = !isRunning;
    if (hadFocus) (isRunning ? stop : write).focus();
    // Read out as a whole once it is there, not token by token.
    story.setAttribute('aria-busy', String(isRunning));
  };

  const tell = async (text: string): Promise<void> => {
    running = new AbortController();
    setRunning(true);
    phases.show(undefined);
    const told = element('p', { class: 'told' });
    story.replaceChildren(told);
    const pace: Pace = { startedAt: performance.now(), firstAt: undefined, lastAt: 0, tokens: 0, end: '' };
    showPace(pace);
    let response: Response | undefined;
    try {
      const wish = {
        max_tokens: 80,
        temperature: 0.7,
        stream: true,
        stream_options: { include_usage: true },
      };
      response = await post('v1/completions', { model, prompt: text, ...wish }, running.signal);
      await follow(response, pace, (piece) => {
        // Most models begin with the space after the prompt.
        told.append(told.hasChildNodes() ? piece : piece.trimStart());
        story.scrollTop = story.scrollHeight;
      });
    } catch (error) {
      pace.end = running.signal.aborted ? 'you' : 'error';
      if (!running.signal.aborted) story.append(element('p', { class: 'problem' }, messageOf(error)));
    }
    setRunning(false);
    showPace(pace);
    const trace = response && (await closedTraceOf(response, running.signal.aborted));
    phases.show(trace && timesOf(trace.phases));
    done();
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!write.disabled) void tell(prompt.value);
  });
  // Enter alone begins a new line.
  prompt.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  stop.addEventListener('click', () => running.abort());
  const suggest: Story['suggest'] = (mood, nickname, language) => {
    const beginning = (beginnings[language] ?? beginnings.en)?.(mood, nickname) ?? '';
    if (prompt.value === suggested) prompt.value = beginning;
    suggested = beginning;
  };
  suggest('I could sleep all day', 'sleepy otter', 'en');
  return {
    setModel: (name) => {
      model = name;
    },
    suggest,
  };
}

/** @throws {ApiError} also for a failure that is told within the stream */
async function follow(response: Response, pace: Pace, show: (text: string) => void): Promise<void> {
  if (!response.body) return;
  for await (const data of readEvents(response.body)) {
    const chunk: Chunk = JSON.parse(data);
    if (chunk.error) throw new ApiError(response.status, ...detailOf(chunk, 'the stream failed'));
    const text = chunk.choices?.[0]?.text ?? '';
    if (text !== '') {
      pace.lastAt = performance.now();
      pace.firstAt ??= pace.lastAt;
      pace.tokens += 1;
      show(text);
    }
    pace.end = chunk.choices?.[0]?.finish_reason ?? pace.end;
    // A piece may hold several tokens: the server knows how many there were.
    if (chunk.usage) pace.tokens = chunk.usage.completion_tokens;
    showPace(pace);
  }
}

function showPace({ startedAt, firstAt, lastAt, tokens, end }: Pace): void {
  const known = firstAt !== undefined && tokens > 1 && lastAt > firstAt;
  byId('story-ttft').textContent = firstAt === undefined ? '–' : `${(firstAt - startedAt).toFixed(1)} ms`;
  byId('story-rate').textContent = known ? (((tokens - 1) * 1000) / (lastAt - firstAt)).toFixed(1) : '–';
  byId('story-tokens').textContent = tokens === 0 ? '–' : String(tokens);
  byId('story-end').textContent = end || '–';
}

/** The trace of a stream; one that was stopped closes only once the server has seen the connection go. */
async function closedTraceOf(response: Response, stopped: boolean): ReturnType<typeof traceOf> {
  if (stopped) await new Promise((resolve) => setTimeout(resolve, 200));
  return traceOf(response).catch(() => undefined);
}
