import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  PanelBuilder as HeatmapBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  HeatmapTooltipBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { chosenDatasource } from './variables.ts';

/** A query and the name of its lines. */
export interface Query {
  readonly expr: string;
  /** Grafana's template of a line's name: `p95 {{model}}`. */
  readonly legend: string;
}

export interface PanelOptions {
  readonly title: string;
  /** What is shown and what to read from it, for the panel's (i). */
  readonly description: string;
  /** Grafana's name of the unit: `s`, `reqps`, `percentunit`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Columns of the grid's 24. */
  readonly width: number;
  /** Said instead of "No data" where nothing to show is good news. */
  readonly noValue?: string;
  readonly max?: number;
}

/** What every kind of panel is given in the same way. */
interface CommonBuilder {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: typeof chosenDatasource): this;
  gridPos(position: { x: number; y: number; w: number; h: number }): this;
  unit(unit: string): this;
  min(min: number): this;
  max(max: number): this;
  noValue(text: string): this;
}

function withCommon<B extends CommonBuilder>(builder: B, options: PanelOptions, height: number): B {
  builder
    .title(options.title)
    .description(options.description)
    .datasource(chosenDatasource)
    .gridPos({ x: 0, y: 0, w: options.width, h: height })
    .unit(options.unit)
    // None of what we show can be negative, and an axis that starts elsewhere makes noise look like news.
    .min(0);
  if (options.max !== undefined) builder.max(options.max);
  if (options.noValue !== undefined) builder.noValue(options.noValue);
  return builder;
}

function queriesOf(
  options: PanelOptions,
  how: (query: DataqueryBuilder) => DataqueryBuilder,
): DataqueryBuilder[] {
  return options.queries.map(({ expr, legend }, index) =>
    how(
      new DataqueryBuilder()
        .refId(String.fromCharCode('A'.charCodeAt(0) + index))
        .datasource(chosenDatasource)
        .expr(expr)
        .legendFormat(legend),
    ),
  );
}

export interface TimeseriesOptions extends PanelOptions {
  /** Piles the lines up to their sum. */
  readonly stacked?: boolean;
  /** Names lines that are drawn across the pile instead of in it. */
  readonly across?: string;
  /** Shows the traces that the histogram links to. */
  readonly exemplars?: boolean;
}

/** Lines over time. */
export function timeseries(options: TimeseriesOptions): Panel {
  const { stacked = false, across, exemplars = false } = options;
  const builder = withCommon(new TimeseriesBuilder(), options, 8)
    .targets(queriesOf(options, (query) => query.range().exemplar(exemplars)))
    .legend(
      new VizLegendOptionsBuilder()
        // A table of a narrow panel leaves no room for the lines.
        .displayMode(options.width < 12 ? LegendDisplayMode.List : LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(options.width < 12 ? [] : ['mean', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    // A colour belongs to a name, so that a phase or a model has the same one in all panels.
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .showPoints(VisibilityMode.Never)
    .fillOpacity(stacked ? 60 : 0);
  if (stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (across !== undefined) {
    builder.overrideByName(across, [
      { id: 'custom.stacking', value: { mode: 'none', group: 'B' } },
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
      { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
    ]);
  }
  return builder.build();
}

export interface StatOptions extends PanelOptions {
  /** Colours from a value on, ascending; the first has no value. */
  readonly thresholds: readonly { readonly from?: number; readonly color: string }[];
  /** Shows each line's name beside its value. */
  readonly named?: boolean;
}

/** Numbers as they are at the end of the time range. */
export function stat(options: StatOptions): Panel {
  const steps = options.thresholds.map(({ from, color }): Threshold => ({ value: from ?? null, color }));
  return (
    withCommon(new StatBuilder(), options, 4)
      // Instant: the last value of a range is what was true before the data ended.
      .targets(queriesOf(options, (query) => query.instant()))
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
      .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
      .graphMode(BigValueGraphMode.None)
      .colorMode(BigValueColorMode.Value)
      .textMode(options.named ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
      .build()
  );
}

/** How many observations fell into which bucket, over time. The query gives the increase of buckets, by `le`. */
export function heatmap(options: PanelOptions): Panel {
  return withCommon(new HeatmapBuilder(), options, 8)
    .targets(queriesOf(options, (query) => query.range().exemplar(true).format(PromQueryFormat.Heatmap)))
    .calculate(false)
    .yAxis(new YAxisConfigBuilder().unit(options.unit))
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges'))
    .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true))
    .showLegend()
    .build();
}
