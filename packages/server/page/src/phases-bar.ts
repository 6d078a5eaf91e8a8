import type { PhaseName } from '@inferometer/core';
import { element } from './dom.ts';
import { ms, percent } from './format.ts';

/** In the order of a request's life. */
export const phaseNames = [
  'admission',
  'preprocess',
  'queue',
  'batch',
  'transfer',
  'run',
  'postprocess',
  'stream',
  'unattributed',
] as const satisfies readonly PhaseName[];

/** Milliseconds spent in each phase; one that is missing took none. */
export type PhaseTimes = Readonly<Partial<Record<PhaseName, number>>>;

/** What each phase is, for whoever points at it. */
const meanings: Readonly<Record<PhaseName, string>> = {
  admission: 'reading and checking the request',
  preprocess: 'splitting text into tokens',
  queue: 'waiting for a place in a batch',
  batch: 'the batch being put together',
  transfer: 'the batch and its output on their way to and from the model',
  run: 'the model at work',
  postprocess: 'making the answer',
  stream: 'writing the answer',
  unattributed: 'what no phase accounts for',
};

/** Phases of other names than these have no colour here: their time is shown with what no phase accounts for. */
export function timesOf(
  phases: readonly { readonly name: string; readonly duration_ms: number }[],
): PhaseTimes {
  const times: Partial<Record<PhaseName, number>> = {};
  for (const { name, duration_ms: durationMs } of phases) {
    const shown = phaseNames.find((known) => known === name) ?? 'unattributed';
    times[shown] = (times[shown] ?? 0) + durationMs;
  }
  return times;
}

/** A bar whose segments are the shares of the phases; they fill it, as the phases add up to the total. */
export interface PhasesBar {
  readonly element: HTMLElement;
  show(times: PhaseTimes | undefined): void;
}

export function createPhasesBar(): PhasesBar {
  const bar = element('div', { class: 'bar', attributes: { role: 'img' } });
  const show = (times: PhaseTimes | undefined): void => {
    const present = phaseNames.filter((name) => (times?.[name] ?? 0) > 0);
    const total = totalOf(times);
    bar.setAttribute(
      'aria-label',
      present.length === 0
        ? 'no request'
        : `${ms(total)} ms: ${present.map((name) => `${name} ${ms(times?.[name] ?? 0)}`).join(', ')}`,
    );
    bar.replaceChildren(
      ...present.map((name) => {
        const time = times?.[name] ?? 0;
        const segment = element('span', {
          class: 'segment',
          title: `${name} ${ms(time)} ms, ${percent(time / total)}\n${meanings[name]}`,
          attributes: { 'data-phase': name },
        });
        segment.style.width = `${(time / total) * 100}%`;
        return segment;
      }),
    );
  };
  show(undefined);
  return { element: bar, show };
}

/** Fills `container` with a bar, its scale and a legend with the time of each phase. */
export function createPhases(container: HTMLElement): Omit<PhasesBar, 'element'> {
  const bar = createPhasesBar();
  const total = element('span', {}, '–');
  const values = new Map(phaseNames.map((name) => [name, element('span', { class: 'value' }, '–')]));
  container.replaceChildren(
    bar.element,
    element('p', { class: 'scale' }, element('span', {}, '0'), total),
    createLegend((name) => values.get(name)),
  );
  return {
    show(times) {
      bar.show(times);
      total.textContent = times ? `${ms(totalOf(times))} ms` : '–';
      for (const [name, value] of values) value.textContent = times ? ms(times[name] ?? 0) : '–';
    },
  };
}

/** The phases with their colours, and with `valueFor` a value beside each. */
export function createLegend(valueFor: (name: PhaseName) => Node | undefined = () => undefined): HTMLElement {
  return element(
    'ul',
    { class: 'legend' },
    ...phaseNames.map((name) => {
      const value = valueFor(name);
      return element(
        'li',
        { title: meanings[name], attributes: { 'data-phase': name } },
        element('span', { class: 'swatch' }),
        element('span', { class: 'name' }, name),
        ...(value ? [value] : []),
      );
    }),
  );
}

function totalOf(times: PhaseTimes | undefined): number {
  return phaseNames.reduce((sum, name) => sum + (times?.[name] ?? 0), 0);
}

/** Pointing at a phase, in a legend or a bar, dims the others in all bars of `area`. */
export function dimOthers(area: HTMLElement): void {
  const dim = (pointed: string | undefined): void => {
    for (const segment of area.querySelectorAll<HTMLElement>('.segment')) {
      segment.classList.toggle('dimmed', pointed !== undefined && segment.dataset.phase !== pointed);
    }
  };
  area.addEventListener('pointerleave', () => dim(undefined));
  area.addEventListener('pointerover', ({ target }) => {
    const phase = target instanceof Element && target.closest<HTMLElement>('[data-phase]')?.dataset.phase;
    dim(phaseNames.find((name) => name === phase));
  });
}
