import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
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
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
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
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { uidOf } from './dashboard.ts';
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
  /** Where the axis begins; null for wherever the data does. @default 0 */
  readonly min?: number | null;
  readonly max?: number;
  /** Name of the dashboard that has more of it. */
  readonly more?: string;
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
  links(links: DashboardLinkBuilder[]): this;
}

function withCommon<B extends CommonBuilder>(builder: B, options: PanelOptions, height: number): B {
  builder
    .title(options.title)
    .description(options.description)
    .datasource(chosenDatasource)
    .gridPos({ x: 0, y: 0, w: options.width, h: height })
    .unit(options.unit);
  // Little of what we show can be negative, and an axis that starts elsewhere makes noise look like news.
  if (options.min !== null) builder.min(options.min ?? 0);
  if (options.max !== undefined) builder.max(options.max);
  if (options.noValue !== undefined) builder.noValue(options.noValue);
  if (options.more !== undefined) builder.links([linkTo(options.more)]);
  return builder;
}

/** The way to another dashboard, with the time range and all variables. */
function linkTo(name: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder('More of it')
    .type(DashboardLinkType.Link)
    .url(`/d/${uidOf(name)}?\${__url_time_range}&\${__all_variables}`);
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

/** How many observations fell into which bucket, over time. The query gives the increase of buckets. */
export function heatmap(options: PanelOptions): Panel {
  return heatmapBuilder(options, PromQueryFormat.Heatmap).calculate(false).build();
}

/** How many of the query's lines had which value, over time: of gauges, which have no buckets. */
export function heatmapOfLines(options: PanelOptions): Panel {
  return heatmapBuilder(options, PromQueryFormat.TimeSeries).calculate(true).build();
}

function heatmapBuilder(options: PanelOptions, format: PromQueryFormat): HeatmapBuilder {
  const exemplars = format === PromQueryFormat.Heatmap;
  return withCommon(new HeatmapBuilder(), options, 8)
    .targets(queriesOf(options, (query) => query.range().exemplar(exemplars).format(format)))
    .yAxis(new YAxisConfigBuilder().unit(options.unit))
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges'))
    .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true))
    .showLegend();
}

/** A bar for each line of the query as it is at the end of the time range. */
export function bars(options: PanelOptions): Panel {
  return withCommon(new BarGaugeBuilder(), options, 8)
    .targets(queriesOf(options, (query) => query.instant()))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .build();
}

export interface MatrixOptions extends PanelOptions {
  /** The label that names rows, and the one that names columns. */
  readonly rows: string;
  readonly columns: string;
}

/** A table of the query's values at the end of the time range, by two labels. */
export function matrix(options: MatrixOptions): Panel {
  return withCommon(new TableBuilder(), options, 8)
    .targets(queriesOf(options, (query) => query.instant().format(PromQueryFormat.Table)))
    .withTransformation({
      id: 'groupingToMatrix',
      options: { columnField: options.columns, rowField: options.rows, valueField: 'Value' },
    })
    .build();
}

/** The alerts that fire or are about to, in Prometheus and in Grafana. */
export function alerts(title: string, description: string, width: number): Panel {
  return {
    type: 'alertlist',
    title,
    description,
    gridPos: { x: 0, y: 0, w: width, h: 8 },
    options: {
      viewMode: 'list',
      groupMode: 'default',
      groupBy: [],
      maxItems: 20,
      // 3: the most important first.
      sortOrder: 3,
      dashboardAlerts: false,
      alertName: '',
      alertInstanceLabelFilter: '{alertname=~"Inference.+|Inferometer.+"}',
      datasource: '$datasource',
      stateFilter: {
        firing: true,
        pending: true,
        noData: false,
        normal: false,
        error: true,
        recovering: true,
      },
    },
  };
}
