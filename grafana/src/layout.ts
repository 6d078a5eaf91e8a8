import type { Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';

/** Panels under a heading, in reading order. Their `gridPos` says how wide and high they are. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Columns of Grafana's grid. */
const gridWidth = 24;

/**
 * Numbers headings and panels from 1 and lays them out from left to right, on a new line where the next panel would
 * not fit; a line is as high as its highest panel.
 * @throws {RangeError} if a panel is wider than the grid
 */
export function arrange(sections: readonly Section[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, panels } of sections) {
    const gridPos = { x: 0, y, w: gridWidth, h: 1 };
    placed.push({ type: 'row', id: placed.length + 1, title, collapsed: false, panels: [], gridPos });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of panels) {
      const { w, h } = panel.gridPos ?? { w: 0, h: 0 };
      if (w < 1 || w > gridWidth)
        throw new RangeError(`width of "${panel.title}" must be from 1 to ${gridWidth}, got ${w}`);
      if (x + w > gridWidth) {
        y += lineHeight;
        x = 0;
        lineHeight = 0;
      }
      placed.push({ ...panel, id: placed.length + 1, gridPos: { x, y, w, h } });
      x += w;
      lineHeight = Math.max(lineHeight, h);
    }
    y += lineHeight;
  }
  return placed;
}
