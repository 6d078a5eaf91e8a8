import type { SurveyEffort } from './bare/survey.ts';
import type { CellEffort } from './cells.ts';
import type { SettingEffort } from './choose-settings.ts';
import type { OverloadEffort } from './overload.ts';

export interface ServeEffort {
  readonly survey: SurveyEffort;
  /** Shapes of each mix that are measured again beside the servers. */
  readonly finalists: number;
  readonly settings: SettingEffort;
  readonly cells: CellEffort;
  readonly overload: OverloadEffort;
}

/** Efforts: `full` for figures that are published; `short` for CI, under three minutes. */
export const serveEfforts: Readonly<Record<'full' | 'short', ServeEffort>> = {
  full: {
    survey: { batchSizes: [1, 2, 4, 8, 16, 32, 64], allLayouts: true, seconds: 2, texts: 256 },
    finalists: 3,
    settings: { warmUpSeconds: 1, seconds: 2, connections: [1, 8, 32] },
    cells: { rounds: 5, warmUpSeconds: 1, seconds: 4, bareTexts: 300 },
    overload: { warmUpSeconds: 1, seconds: 5, shares: [0.5, 0.8, 1, 1.5, 3] },
  },
  short: {
    survey: { batchSizes: [1, 4, 8, 32], allLayouts: false, seconds: 0.5, texts: 128 },
    finalists: 2,
    settings: { warmUpSeconds: 0.5, seconds: 1, connections: [32] },
    cells: { rounds: 2, warmUpSeconds: 0.5, seconds: 1.5, bareTexts: 100 },
    overload: { warmUpSeconds: 0.5, seconds: 2, shares: [0.8, 3] },
  },
};
