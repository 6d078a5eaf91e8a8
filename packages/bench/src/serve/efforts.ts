import type { SurveyEffort } from './bare/survey.ts';
import type { CellEffort } from './cells.ts';
import type { SettingEffort } from './choose-settings.ts';
import type { EchoEffort } from './echo.ts';
import type { Int8Effort } from './int8/compare-int8.ts';
import type { KindEffort } from './kinds/compare-kinds.ts';
import type { OverloadEffort } from './overload.ts';

export interface ServeEffort {
  readonly survey: SurveyEffort;
  /** Shapes of each mix that are measured again beside the servers. */
  readonly finalists: number;
  readonly settings: SettingEffort;
  readonly cells: CellEffort;
  readonly overload: OverloadEffort;
  readonly int8: Int8Effort;
  readonly kinds: KindEffort;
  readonly echo: EchoEffort;
  readonly coldStarts: number;
}

/** Efforts: `full` for figures that are published; `short` for CI, under three minutes. */
export const serveEfforts: Readonly<Record<'full' | 'short', ServeEffort>> = {
  full: {
    survey: { batchSizes: [1, 2, 4, 8, 16, 32, 64], allLayouts: true, seconds: 2, texts: 256 },
    finalists: 3,
    settings: { warmUpSeconds: 1, seconds: 2, connections: [1, 8, 32] },
    cells: { connections: [1, 8, 32], rounds: 3, warmUpSeconds: 1, seconds: 4, bareTexts: 300 },
    overload: { warmUpSeconds: 1, seconds: 5, shares: [0.5, 0.8, 1, 1.5, 3] },
    int8: { batchSizes: [1, 2, 4, 8, 16, 32, 64], rounds: 3, seconds: 1, texts: 256, compared: 400 },
    kinds: {
      cells: { connections: [1, 8, 32], rounds: 4, warmUpSeconds: 1, seconds: 3 },
      transfers: { bytes: [4096, 614_400, 10_485_760], runs: 30 },
    },
    echo: { warmUpSeconds: 3, seconds: 15, perSecond: 500 },
    coldStarts: 5,
  },
  short: {
    survey: { batchSizes: [1, 4, 8, 32], allLayouts: false, seconds: 0.5, texts: 64 },
    finalists: 2,
    settings: { warmUpSeconds: 0.5, seconds: 1, connections: [32] },
    cells: { connections: [1, 8, 32], rounds: 2, warmUpSeconds: 0.5, seconds: 1.5, bareTexts: 100 },
    overload: { warmUpSeconds: 0.5, seconds: 2, shares: [0.8, 3] },
    int8: { batchSizes: [1, 8, 32], rounds: 1, seconds: 0.5, texts: 64, compared: 100 },
    kinds: {
      cells: { connections: [1, 32], rounds: 2, warmUpSeconds: 0.5, seconds: 1 },
      transfers: { bytes: [4096, 614_400], runs: 10 },
    },
    echo: { warmUpSeconds: 1, seconds: 3, perSecond: 500 },
    coldStarts: 2,
  },
};
