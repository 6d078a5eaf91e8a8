import type { Summary } from './api.ts';
import { byId, element } from './dom.ts';
import { counted, ms } from './format.ts';
import { createPhasesBar, phaseNames } from './phases-bar.ts';

const columns = ['count', 'mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const;
const rowNames = [...phaseNames, 'total'] as const;

/** The table of statistics, all of whose rows are there from the start. @returns shows a summary */
export function createSummaryTable(): (summary: Summary) => void {
  const body = byId('summary').querySelector('tbody') as HTMLTableSectionElement;
  const note = byId('summary-note');
  const bar = createPhasesBar();
  byId('summary-bar').append(bar.element);
  const cells = new Map(
    rowNames.map((name) => [name, columns.map(() => element('td', { class: 'number' }, '–'))]),
  );
  for (const [name, row] of cells) {
    const head = element(
      'th',
      { attributes: { scope: 'row' } },
      element('span', { class: 'swatch' }),
      element('span', { class: 'name' }, name),
    );
    body.append(element('tr', { attributes: { 'data-phase': name } }, head, ...row));
  }

  return ({ count, phases }) => {
    for (const [name, row] of cells) {
      const stats = phases[name];
      columns.forEach((column, index) => {
        const value = stats?.[column];
        setText(
          row[index] as HTMLElement,
          value === undefined ? '–' : column === 'count' ? String(value) : ms(value),
        );
      });
    }
    bar.show(Object.fromEntries(phaseNames.map((name) => [name, phases[name]?.mean ?? 0])));
    setText(note, count === 0 ? 'nothing recorded' : counted(count, 'request'));
  };
}

/** Leaves the node alone if nothing changes: what a person has selected stays selected, and nothing is read again. */
function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
