export type {
  Exemplar,
  Family,
  HistogramValue,
  Labels,
  NativeValue,
  Series,
  SummaryValue,
} from '@inferometer/core';
