import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { NAME } from './names.ts';

/** What panels and variables query: the data source that was chosen at the top. */
export const chosenDatasource = { type: 'prometheus', uid: '$datasource' };

export type Variable = CustomVariableBuilder | DatasourceVariableBuilder | QueryVariableBuilder;

const here = 'job=~"$job", instance=~"$instance"';

/** Metrics that every engine has, ours or another that the Collector translates: they tell which jobs there are. */
const engines = [NAME.buildInfo, NAME.requestsInFlight, `${NAME.requestDuration}(_count)?`].join('|');

/** Those, and the Collectors. */
export const telemetrySources: string = `${engines}|${NAME.collectorUptime}`;

/** What every dashboard can be narrowed to: a data source, in it jobs, instances and models; and the form of histograms. */
export function variables(...further: readonly Variable[]): Variable[] {
  return variablesOf(engines, further);
}

/** @param sources names of the metrics that tell which jobs and instances there are, as a regular expression */
export function variablesOf(sources: string, further: readonly Variable[] = []): Variable[] {
  // Known as soon as a model is loaded, before its first request; of other engines once there was one.
  const models = [NAME.queueCapacity, `${NAME.requestDuration}(_count)?`].join('|');
  return [
    new DatasourceVariableBuilder('datasource').label('Data Source').type('prometheus'),
    choice('job', 'Job', `label_values({__name__=~"${sources}"}, job)`),
    choice('instance', 'Instance', `label_values({__name__=~"${sources}", job=~"$job"}, instance)`),
    choice('model', 'Model', `label_values({__name__=~"${models}", ${here}}, model)`),
    ...further,
    histogramForm(),
  ];
}

/** The values of a label of a metric at the chosen jobs and instances. */
export function labelChoice(name: string, label: string, metric: string, of: string): QueryVariableBuilder {
  return choice(name, label, `label_values(${metric}{${here}}, ${of})`);
}

/** One of fixed values. @param values by what is shown, the first is chosen */
export function fixedChoice(
  name: string,
  label: string,
  description: string,
  values: Readonly<Record<string, string>>,
): CustomVariableBuilder {
  const entries = Object.entries(values);
  const [[text, value]] = entries as [[string, string]];
  return new CustomVariableBuilder(name)
    .label(label)
    .description(description)
    .values(entries.map(([shown, meant]) => `${shown} : ${meant}`).join(','))
    .options(entries.map(([shown, meant]) => ({ text: shown, value: meant, selected: shown === text })))
    .current({ selected: true, text, value });
}

/** See `chosenForm` of promql.ts for what the values do. */
function histogramForm(): CustomVariableBuilder {
  return fixedChoice(
    'histogram',
    'Histograms',
    'Classic: the buckets that every Prometheus stores. Native: finer ones, where Prometheus is told to store them.',
    { classic: '.+', native: '()' },
  );
}

function choice(name: string, label: string, query: string): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(chosenDatasource)
      // 1: by the values of a label, in the numbering of Grafana's Prometheus data source.
      .query({ qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
      .definition(query)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc)
      .multi(true)
      .includeAll(true)
      .allValue('.+')
      .current({ selected: true, text: ['All'], value: ['$__all'] })
  );
}
