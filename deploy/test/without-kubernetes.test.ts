import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  describeWithParts,
  freePort,
  freePorts,
  promtool,
  requirePart,
  runProgram,
  startProcess,
  type TempDir,
  tempDir,
} from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { codeBlocks } from './live/readme.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFile(`${repository}${path}`, 'utf8');

describeWithParts(
  'docs/prometheus-grafana.md',
  ['prometheus', 'promtool', 'otelcol'],
  ({ prometheus, otelcol }) => {
    let page: string;
    /** Stands for the root of a machine: the commands write below it. */
    let root: TempDir;
    let installed: { readonly code: number; readonly stderr: string };

    beforeAll(async () => {
      page = await read('docs/prometheus-grafana.md');
      root = await tempDir('machine');
      installed = await follow(codeBlocks(page, 'sh'));
    }, 200_000);
    afterAll(() => root[Symbol.asyncDispose]());

    test('each of its commands does what it says', async () => {
      expect(installed).toMatchObject({ code: 0, stderr: '' });
      const units = await readdir(root.file('etc/systemd/system'));
      expect(units.sort()).toEqual([
        'grafana-server.service.d',
        ...(await readdir(`${repository}deploy/systemd`)).sort(),
      ]);
      const started = (await readFile(root.file('systemctl'), 'utf8')).trim().split('\n');
      expect(started).toEqual([
        'daemon-reload',
        'enable --now inferometer-prometheus inferometer-collector',
        'daemon-reload',
        'restart grafana-server',
      ]);
      const dashboards = await readdir(root.file('etc/inferometer/dashboards'));
      expect(dashboards).toEqual(await readdir(`${repository}grafana/dashboards`));
    });

    test('the units start Prometheus and a Collector as they are installed', async () => {
      const [port, http, grpc, health, metrics] = await freePorts(5);
      await using _prometheus = await startUnit('inferometer-prometheus', {
        replace: { '127.0.0.1:9090': `127.0.0.1:${port}`, '/usr/local/bin/prometheus': prometheus.path },
        url: `http://127.0.0.1:${port}/-/ready`,
      });
      const rules = await fetch(`http://127.0.0.1:${port}/api/v1/rules`);
      const { data } = (await rules.json()) as { data: { groups: { file: string }[] } };
      expect(new Set(data.groups.map(({ file }) => file))).toEqual(
        new Set(
          ['alerts', 'recording'].map((kind) =>
            root.file(`etc/inferometer/prometheus/rules/inferometer-${kind}.yaml`),
          ),
        ),
      );
      // The receiver is there: it understands the request, and finds nothing in it.
      const otlp = await fetch(`http://127.0.0.1:${port}/api/v1/otlp/v1/metrics`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: new Uint8Array(),
      });
      expect(otlp.status).toBe(200);
      await using _collector = await startUnit('inferometer-collector', {
        replace: {
          '127.0.0.1:4318': `127.0.0.1:${http}`,
          '127.0.0.1:4317': `127.0.0.1:${grpc}`,
          '127.0.0.1:13133': `127.0.0.1:${health}`,
          'PORT=8888': `PORT=${metrics}`,
          '/usr/local/bin/otelcol': otelcol.path,
        },
        url: `http://127.0.0.1:${health}/`,
      });
    }, 120_000);

    test('all units are hardened alike, and know how to stop', async () => {
      for (const name of await readdir(`${repository}deploy/systemd`)) {
        const text = await read(`deploy/systemd/${name}`);
        for (const line of [
          'DynamicUser=yes',
          'NoNewPrivileges=yes',
          'ProtectSystem=strict',
          'CapabilityBoundingSet=',
          'Restart=on-failure',
          'WantedBy=multi-user.target',
        ]) {
          expect(text.split('\n'), `${name}: ${line}`).toContain(line);
        }
        for (const [, path = ''] of text.matchAll(/blob\/main\/(\S+)/g)) await read(path);
        for (const [, path = ''] of text.matchAll(/\/opt\/inferometer\/(packages\S+)/g)) await read(path);
      }
    });

    test('its pieces of configuration are taken by Prometheus', async () => {
      const pieces = codeBlocks(page, 'yaml');
      expect(pieces.length).toBeGreaterThanOrEqual(3);
      for (const piece of pieces) {
        const file = root.file('piece.yml');
        await writeFile(file, piece.replaceAll('/etc/', `${root.file('etc')}/`));
        const { code, stderr } = await promtool(['check', 'config', '--lint=all', '--lint-fatal', file]);
        expect({ piece, code, stderr }).toMatchObject({ code: 0 });
      }
    });

    test('Alertmanager is told of as prometheus.yml says, once the comment signs are away', async () => {
      const commented = /^#alerting:\n(#.*\n)+/m;
      const text = (await read('deploy/prometheus/prometheus.yml')).replace(commented, (lines) =>
        lines.replaceAll(/^#/gm, ''),
      );
      const file = root.file('etc/inferometer/prometheus/with-alertmanager.yml');
      await writeFile(file, text);
      const { code, stderr } = await promtool(['check', 'config', file]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(parse(text).alerting.alertmanagers[0].static_configs[0].targets).toEqual(['127.0.0.1:9093']);
      expect(await read('deploy/systemd/inferometer-alertmanager.service')).toContain('127.0.0.1:9093');
    });

    test("Alertmanager's routes lead to receivers that there are, by labels that alerts have", async () => {
      const config = parse(await read('deploy/prometheus/alertmanager.yml'));
      const receivers = config.receivers.map(({ name }: { name: string }) => name);
      const routes = [config.route, ...config.route.routes];
      expect(routes.map(({ receiver }) => receiver).sort()).toEqual(receivers.sort());
      const matchers = [
        ...routes.flatMap(({ matchers = [] }) => matchers),
        ...config.inhibit_rules.flatMap((rule: { source_matchers: string[]; target_matchers: string[] }) => [
          ...rule.source_matchers,
          ...rule.target_matchers,
        ]),
      ];
      const labels = matchers.map((matcher: string) => /^(\w+)(=~|!=|=)"[^"]*"$/.exec(matcher)?.[1]);
      expect(new Set(labels)).toEqual(new Set(['severity', 'slo', 'alertname']));
    });

    /** Follows commands as a person does, `root` being the machine; what only systemd can do is written down. */
    async function follow(blocks: readonly string[]): Promise<{ code: number; stderr: string }> {
      const port = await freePort();
      const bin = root.file('bin');
      await mkdir(bin);
      for (const name of ['prometheus', 'promtool', 'otelcol'] as const) {
        await symlink(requirePart(name).path, `${bin}/${name}`);
      }
      const shims = { sudo: 'exec "$@"', systemctl: `echo "$*" >>${root.file('systemctl')}` };
      for (const [name, script] of Object.entries(shims)) {
        await writeFile(`${bin}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      }
      for (const folder of ['etc/systemd/system', 'etc/grafana']) {
        await mkdir(root.file(folder), { recursive: true });
      }
      const commands = blocks
        .join('\n')
        // rules.test.ts does that, file by file: half a minute of CPU.
        .replace(/^promtool test rules deploy\/prometheus\/tests\/\*\.yaml$/m, '')
        .replaceAll(/(?<=[\s=])\/etc\//g, `${root.file('etc')}/`)
        .replaceAll('127.0.0.1:9090', `127.0.0.1:${port}`);
      await using _prometheus = await startProcess({
        command: prometheus.path,
        args: [
          `--config.file=${repository}deploy/prometheus/prometheus.yml`,
          `--storage.tsdb.path=${root.file('queried')}`,
          `--web.listen-address=127.0.0.1:${port}`,
        ],
        ready: { url: `http://127.0.0.1:${port}/-/ready` },
      });
      return await runProgram('bash', ['-euo', 'pipefail', '-c', commands], {
        cwd: repository,
        env: { PATH: `${bin}:${process.env.PATH}` },
        timeoutMs: 120_000,
      });
    }

    /** What a unit starts, its paths below `root`. */
    async function startUnit(
      name: string,
      { replace, url }: { readonly replace: Readonly<Record<string, string>>; readonly url: string },
    ): Promise<AsyncDisposable> {
      const places = { '/etc/': `${root.file('etc')}/`, '/var/lib/': `${root.file('')}/`, ...replace };
      const unit = Object.entries(places).reduce(
        (text, [from, to]) => text.replaceAll(from, to),
        (await readFile(root.file(`etc/systemd/system/${name}.service`), 'utf8')).replaceAll('\\\n', ' '),
      );
      const [, line = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
      const [command = '', ...args] = line.trim().split(/\s+/);
      const env = Object.fromEntries(
        [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, key, value]) => [
          key as string,
          value as string,
        ]),
      );
      return startProcess({ name, command, args, env, ready: { url }, readyTimeoutMs: 60_000 });
    }
  },
);
