import { ApiError, messageOf, post, type TraceJson, traceOf } from './api.ts';
import { byId, element } from './dom.ts';
import { ms, percent } from './format.ts';
import { createPhases, timesOf } from './phases-bar.ts';

interface NicknamesAnswer {
  readonly language: string;
  readonly nicknames: readonly { readonly nickname: string; readonly score: number }[];
}

interface Named {
  readonly nickname: string;
  readonly language: string;
}

interface Answered {
  readonly response: Response;
  readonly shown: Node;
  readonly best: Named | undefined;
}

/** Why a batch left the queue, at length. */
const reasons: Readonly<Record<string, string>> = {
  full: 'the batch was full',
  tokens: 'the batch had reached its token budget',
  waited: 'its oldest input had waited long enough',
  idle: 'the model had nothing else to do',
  drain: 'the server was draining',
};

export interface NicknamesHooks {
  /** Called after each request. */
  readonly done: () => void;
  /** Called with each sentence and the best nickname for it. */
  readonly named: (mood: string, nickname: string, language: string) => void;
}

/** The form that asks for nicknames. */
export function startNicknames({ done, named }: NicknamesHooks): void {
  const form = byId('try-form', HTMLFormElement);
  const mood = byId('mood', HTMLInputElement);
  const answer = byId('nicknames');
  const phases = createPhases(byId('try-phases'));
  let latest = 0;

  const ask = async (text: string): Promise<void> => {
    latest += 1;
    const mine = latest;
    answer.setAttribute('aria-busy', 'true');
    let content: Node;
    let trace: TraceJson | undefined;
    let best: Named | undefined;
    try {
      const answered = await nicknamesOrVector(text);
      content = answered.shown;
      best = answered.best;
      trace = await traceOf(answered.response);
    } catch (error) {
      content = element('p', { class: 'problem' }, messageOf(error));
    }
    // Only the newest question is answered, whichever answer comes first.
    if (mine !== latest) return;
    answer.replaceChildren(content);
    answer.setAttribute('aria-busy', 'false');
    phases.show(trace && timesOf(trace.phases));
    showBatch(trace?.batch ?? null);
    if (best) named(text, best.nickname, best.language);
    done();
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void ask(mood.value);
  });
  for (const chip of form.querySelectorAll<HTMLButtonElement>('.chip')) {
    chip.addEventListener('click', () => {
      mood.value = chip.textContent;
      form.requestSubmit();
    });
  }
}

/** Nicknames, or from a server whose models make none the numbers that it makes of the text. */
async function nicknamesOrVector(text: string): Promise<Answered> {
  try {
    const response = await post('nicknames', { text, n: 5 });
    const answer: NicknamesAnswer = await response.json();
    const nickname = answer.nicknames[0]?.nickname;
    const best = nickname === undefined ? undefined : { nickname, language: answer.language };
    return { response, shown: nicknameList(answer), best };
  } catch (error) {
    if (!(error instanceof ApiError && error.field === 'model') && !isMissing(error)) throw error;
  }
  const response = await post('embed', { inputs: text });
  const [vector = []]: readonly (readonly number[])[] = await response.json();
  return { response, shown: firstNumbers(vector), best: undefined };
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 405);
}

function nicknameList({ language, nicknames }: NicknamesAnswer): Node {
  return element(
    'ol',
    { class: 'nicknames' },
    ...nicknames.map(({ nickname, score }) => {
      const meter = element('span', { class: 'meter', attributes: { 'aria-hidden': 'true' } }, element('i'));
      meter.style.setProperty('--score', `${Math.max(0, score) * 100}%`);
      return element(
        'li',
        {},
        element('span', { class: 'nickname', attributes: { lang: language } }, nickname),
        meter,
        element('span', { class: 'value', title: 'cosine of sentence and adjective' }, score.toFixed(4)),
      );
    }),
  );
}

function firstNumbers(vector: readonly number[]): Node {
  return element(
    'div',
    { class: 'vector' },
    element('p', {}, `A vector of ${vector.length} dimensions; the first 8:`),
    element('ol', {}, ...vector.slice(0, 8).map((value) => element('li', {}, value.toFixed(5)))),
  );
}

function showBatch(batch: TraceJson['batch']): void {
  byId('batch-size').textContent = batch ? String(batch.size) : '–';
  byId('batch-reason').textContent = batch ? batch.reason : '–';
  byId('batch-reason').title = batch ? (reasons[batch.reason] ?? '') : '';
  byId('batch-padding').textContent = batch ? percent(batch.padding_ratio) : '–';
  byId('batch-device').textContent = batch ? `${ms(batch.device_ms_share)} ms` : '–';
}
