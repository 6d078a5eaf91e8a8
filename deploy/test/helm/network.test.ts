import { describeWithParts } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { type KubernetesObject, layouts, podsOf, render } from './chart.ts';
import { flowsOf, lets, type Party } from './network.ts';
import { portsOf } from './semantics.ts';

const namespace = 'inference';

describeWithParts('network policies', ['helm'], () => {
  test.each(layouts)('let Pods make every connection that they are told to make: %s', async (layout) => {
    const objects = await render(layout);
    const flows = flowsOf(objects, namespace);
    if (layout !== 'minimal') expect(flows.length).toBeGreaterThan(0);
    const stopped = flows.filter(({ from, to, port }) => !lets(policiesIn(objects), at(from), at(to), port));
    expect(stopped.map(({ from, to, port }) => `${from.from} → ${to.from}:${port}`)).toEqual([]);
  });

  test('every Pod that stays has one', async () => {
    for (const layout of layouts.filter((name) => name !== 'minimal')) {
      const objects = await render(layout);
      const stranger: Party = { namespace: 'elsewhere', labels: {} };
      for (const pod of podsOf(objects).filter(({ object }) => object.kind !== 'Pod')) {
        expect({ layout, from: pod.from, open: lets(policiesIn(objects), stranger, at(pod), 1) }).toEqual({
          ...{ layout, from: pod.from, open: false },
        });
      }
    }
  });

  test('strangers may ask the service and send spans, and nothing else', async () => {
    const objects = await render('default');
    const open = podsOf(objects).flatMap((pod) =>
      [...portsOf(pod)].filter(([, port]) => lets(policiesIn(objects), stranger('apps'), at(pod), port)),
    );
    expect(open.map(([name, port]) => `${name} ${port}`).sort()).toEqual([
      'http 3000',
      'http 8080',
      'otlp-grpc 4317',
      'otlp-http 4318',
    ]);
  });

  test('clients and scrapers that are named are the only ones', async () => {
    const objects = await render('everything');
    const reach = (who: Party, component: string, port: string): boolean => {
      const pod = podsOf(objects).find(({ labels }) => labels['app.kubernetes.io/component'] === component);
      if (!pod) throw new Error(`no Pod of ${component}`);
      return lets(policiesIn(objects), who, at(pod), portsOf(pod).get(port) ?? 0);
    };
    const who = (name: string): Party => ({ ...stranger(name), namespaceLabels: { name } });
    expect(reach(who('apps'), 'server', 'http')).toBe(true);
    expect(reach(who('others'), 'server', 'http')).toBe(false);
    expect(reach(who('apps'), 'server', 'metrics')).toBe(false);
    expect(reach(who('monitoring'), 'server', 'metrics')).toBe(true);
    expect(reach(who('monitoring'), 'collector', 'metrics')).toBe(true);
    expect(reach(who('monitoring'), 'prometheus', 'http')).toBe(true);
    expect(reach(who('others'), 'prometheus', 'http')).toBe(false);
  });

  test('monitors and autoscalers of other namespaces get through', async () => {
    const monitored = await render('pod-monitor');
    const [server] = podsOf(monitored).filter(
      ({ labels }) => labels['app.kubernetes.io/component'] === 'server',
    );
    expect(lets(policiesIn(monitored), stranger('monitoring'), at(server as Pod), 9464)).toBe(true);
    const scaled = await render('keda');
    const [prometheus] = podsOf(scaled).filter(
      ({ labels }) => labels['app.kubernetes.io/component'] === 'prometheus',
    );
    expect(lets(policiesIn(scaled), stranger('keda'), at(prometheus as Pod), 9090)).toBe(true);
  });

  test('the check sees a connection that is not let through', async () => {
    const objects = (await render('default')).filter(
      ({ kind, metadata }) => kind !== 'NetworkPolicy' || metadata.name !== 'inferometer-prometheus',
    );
    const closed: KubernetesObject = {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'none', namespace } },
      spec: {
        podSelector: { matchLabels: { 'app.kubernetes.io/component': 'prometheus' } },
        policyTypes: ['Ingress'],
      },
    };
    const stopped = flowsOf(objects, namespace).filter(
      ({ from, to, port }) => !lets([...policiesIn(objects), closed], at(from), at(to), port),
    );
    expect(new Set(stopped.map(({ to }) => to.from))).toEqual(
      new Set(['StatefulSet/inferometer-prometheus']),
    );
  });
});

type Pod = ReturnType<typeof podsOf>[number];

function policiesIn(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return objects.filter(({ kind }) => kind === 'NetworkPolicy');
}

function at({ labels }: Pod): Party {
  return { namespace, labels };
}

function stranger(name: string): Party {
  return { namespace: name, labels: { app: 'anything' } };
}
