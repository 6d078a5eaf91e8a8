import { describeWithParts } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { find, type KubernetesObject, layouts, render } from './chart.ts';
import { problemsOf } from './semantics.ts';

/** What a layout's values say is in the namespace already. */
const external: Readonly<Record<string, readonly string[]>> = {
  everything: ['Secret/registry', 'Secret/profiling'],
  'existing-claim': ['PersistentVolumeClaim/models'],
  'external-otlp': ['Secret/otlp-headers'],
  secrets: [
    ...['Secret/registry', 'Secret/profiling', 'Secret/redis', 'Secret/grafana-admin', 'Secret/traces-token'],
  ],
};

describeWithParts('objects of the chart', ['helm'], () => {
  test.each(layouts)('fit together: %s', async (layout) => {
    const objects = await render(layout);
    expect(objects.length).toBeGreaterThan(5);
    expect(problemsOf(objects, external[layout] ?? [])).toEqual([]);
  });

  test('every label that a selector is made of stays when chart and application get newer', async () => {
    for (const object of await render('everything')) {
      const selector = object.spec?.selector?.matchLabels;
      if (!selector) continue;
      expect(Object.keys(selector).sort()).toEqual([
        'app.kubernetes.io/component',
        'app.kubernetes.io/instance',
        'app.kubernetes.io/name',
      ]);
    }
  });

  const mutations: readonly (readonly [string, (objects: KubernetesObject[]) => void, RegExp])[] = [
    ['an empty ConfigMap', (all) => assign(all, 'ConfigMap', 'inferometer', 'data', {}), /is empty/],
    [
      'a file that cannot be read',
      (all) => assign(all, 'ConfigMap', 'inferometer', 'data', { 'inferometer.yaml': 'a: [' }),
      /cannot be read/,
    ],
    [
      'a dashboard that is too large',
      (all) => assign(all, 'ConfigMap', 'inferometer', 'data', { 'a.json': JSON.stringify('X'.repeat(1e6)) }),
      /has 1000008 bytes/,
    ],
    [
      'a selector that fits no Pod',
      (all) => assign(all, 'Service', 'inferometer', 'spec', { selector: { a: 'b' }, ports: [] }),
      /Service\/inferometer selects no Pod/,
    ],
    [
      'a port that Pods lack',
      (all) => {
        find(all, 'Service', 'inferometer').spec.ports[0].targetPort = 'https';
      },
      /targets port https/,
    ],
    [
      'a key that is not there',
      (all) => assign(all, 'Secret', 'inferometer-grafana', 'data', { user: 'YQ==' }),
      /names password of Secret\/inferometer-grafana/,
    ],
    [
      'a file that is not mounted',
      (all) => assign(all, 'ConfigMap', 'inferometer', 'data', { 'other.yaml': 'a: b' }),
      /reads \/etc\/inferometer\/inferometer.yaml/,
    ],
    [
      'an address of no Service',
      (all) => Object.assign(find(all, 'Service', 'inferometer-traces').metadata, { name: 'jaeger' }),
      /names inferometer-traces.inference.svc:4318, which is no Service/,
    ],
    [
      'a port of no Service',
      (all) => {
        find(all, 'Service', 'inferometer-prometheus').spec.ports[0].port = 80;
      },
      /names inferometer-prometheus.inference.svc:9090, which has ports 80/,
    ],
    [
      'a root file system that may be written',
      (all) => {
        const [container] = find(all, 'Deployment', 'inferometer').spec.template.spec.containers;
        container.securityContext.readOnlyRootFilesystem = false;
      },
      /may write its root file system/,
    ],
  ];

  test.each(mutations)('the check sees %s', async (_what, mutate, problem) => {
    const objects = await render('default');
    mutate(objects);
    expect(problemsOf(objects, []).join('\n')).toMatch(problem);
  });
});

function assign(all: KubernetesObject[], kind: string, name: string, field: string, value: object): void {
  Object.assign(find(all, kind, name), { [field]: value });
}
