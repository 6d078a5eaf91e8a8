import { expect, test } from 'vitest';
import { acceptsGzip, type Format, negotiate } from '../src/exposition/negotiate.ts';

const protobuf = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
const openMetrics = 'application/openmetrics-text;version=1.0.0';
const text = 'text/plain;version=0.0.4;charset=utf-8';

test.each<[string, string | undefined, Format, string]>([
  ['no header', undefined, 'text', text],
  ['an empty header', '', 'text', text],
  ['curl', '*/*', 'text', text],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text', text],
  [
    'Prometheus 3 with native histograms',
    `${protobuf};q=0.6,${openMetrics};escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1`,
    'protobuf',
    protobuf,
  ],
  [
    'Prometheus 3 without',
    `${openMetrics};escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`,
    'openmetrics',
    `${openMetrics};charset=utf-8;escaping=allow-utf-8`,
  ],
  [
    'Prometheus 2',
    'application/openmetrics-text; version=1.0.0,application/openmetrics-text; version=0.0.1;q=0.75,text/plain; version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
    `${openMetrics};charset=utf-8`,
  ],
  [
    'an escaping of names that ours need not',
    `${openMetrics};escaping=underscores`,
    'openmetrics',
    `${openMetrics};charset=utf-8;escaping=underscores`,
  ],
  [
    'an escaping that would change ours',
    `${openMetrics};escaping=dots`,
    'openmetrics',
    `${openMetrics};charset=utf-8`,
  ],
  [
    'OpenMetrics 0.0.1',
    'application/openmetrics-text;version=0.0.1',
    'openmetrics',
    'application/openmetrics-text;version=0.0.1;charset=utf-8',
  ],
  [
    'OpenMetrics of any version',
    'Application/OpenMetrics-Text',
    'openmetrics',
    `${openMetrics};charset=utf-8`,
  ],
  ['OpenMetrics of a version to come', 'application/openmetrics-text;version=2.0.0', 'text', text],
  [
    'a quoted version',
    'application/openmetrics-text;version="1.0.0"',
    'openmetrics',
    `${openMetrics};charset=utf-8`,
  ],
  ['text 1.0.0', 'text/plain;version=1.0.0', 'text', text],
  [
    'protobuf as text',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text',
    'text',
    text,
  ],
  ['protobuf of what', 'application/vnd.google.protobuf', 'text', text],
  ['another message', 'application/vnd.google.protobuf;proto=other;encoding=delimited', 'text', text],
  [
    'the first of two equal ones',
    `${openMetrics},${protobuf}`,
    'openmetrics',
    `${openMetrics};charset=utf-8`,
  ],
  ['the first of two equal ones, turned around', `${protobuf},${openMetrics}`, 'protobuf', protobuf],
  [
    'a named type before a wildcard of the same weight',
    `*/*,${openMetrics}`,
    'openmetrics',
    `${openMetrics};charset=utf-8`,
  ],
  ['a wildcard with more weight', `${openMetrics};q=0.5,*/*`, 'text', text],
  ['what must not be', `${openMetrics};q=0,application/*;q=0.5,text/*;q=0.1`, 'text', text],
  ['no text', 'text/plain;q=0,*/*', 'openmetrics', `${openMetrics};charset=utf-8`],
  ['a type that nobody knows', 'application/json', 'text', text],
  ['a weight that is none', `${openMetrics};q=high,text/plain;q=0.1`, 'text', text],
  ['rubbish', ',;=;,q=1;;', 'text', text],
])('%s', (_who, accept, format, contentType) => {
  expect(negotiate(accept)).toEqual({ format, contentType });
});

test.each<[string | undefined, boolean]>([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['gzip, deflate, br', true],
  ['GZIP;q=0.1', true],
  ['*', true],
  ['*;q=0', false],
  ['gzip;q=0', false],
  ['gzip;q=0, *', false],
  ['identity', false],
  ['identity, gzip;q=0.5', false],
  ['identity;q=0.5, gzip', true],
  ['br', false],
])('Accept-Encoding %j takes gzip: %j', (header, takes) => {
  expect(acceptsGzip(header)).toBe(takes);
});
