import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { METRIC } from '@inferometer/core';

/** What panels and variables query: the data source that was chosen at the top. */
export const chosenDatasource = { type: 'prometheus', uid: '$datasource' };

/** What every dashboard can be narrowed to: a data source, and in it jobs, instances and models. */
export function variables(): (DatasourceVariableBuilder | QueryVariableBuilder)[] {
  const { buildInfo, queueCapacity } = METRIC;
  return [
    new DatasourceVariableBuilder('datasource').label('Data Source').type('prometheus'),
    choice('job', 'Job', `label_values(${buildInfo}, job)`),
    choice('instance', 'Instance', `label_values(${buildInfo}{job=~"$job"}, instance)`),
    // Known as soon as a model is loaded, before its first request.
    choice('model', 'Model', `label_values(${queueCapacity}{job=~"$job", instance=~"$instance"}, model)`),
  ];
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
