import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ComposeProject, ComposeService } from './project.ts';

/** Images without a program that could ask whether they are well, and what has nothing to ask. */
const withoutHealthcheck: readonly string[] = ['collector', 'load'];

/** What is wrong with a project though Compose would take it: what it names and is not there, and what is too open. */
export function findingsOf(project: ComposeProject): string[] {
  return Object.entries(project.services).flatMap(([name, service]) =>
    [
      ...filesMissing(service),
      ...addressesNowhere(service, project),
      ...tooOpen(service),
      ...notWaitedFor(service, project),
      ...(service.healthcheck || withoutHealthcheck.includes(name) ? [] : ['has no health check']),
    ].map((finding) => `${name}: ${finding}`),
  );
}

function filesMissing({ build, volumes = [] }: ComposeService): string[] {
  const dockerfile = build ? [join(build.context, build.dockerfile)] : [];
  const mounted = volumes.filter(({ type }) => type === 'bind');
  const writable = mounted.filter((volume) => !volume.read_only).map(({ source }) => `may write ${source}`);
  return [
    ...writable,
    ...[...dockerfile, ...mounted.map(({ source }) => source)]
      .filter((path) => !existsSync(path))
      .map((path) => `${path} is not there`),
  ];
}

/** host:port of others in a service's environment, commands and the files that it is given. */
function addressesNowhere(service: ComposeService, { services }: ComposeProject): string[] {
  const files = (service.volumes ?? [])
    .filter(({ type, source }) => type === 'bind' && existsSync(source) && statSync(source).isFile())
    // A Collector's own files have their addresses from the environment.
    .filter(({ source }) => basename(source) !== 'gateway.yaml')
    .map(({ source }) => readFileSync(source, 'utf8').replaceAll(/^\s*(#|\/\/).*$/gm, ''));
  const texts = [
    ...Object.values(service.environment ?? {}),
    ...(service.command ?? []),
    ...(service.entrypoint ?? []),
    ...files,
  ];
  const addresses = texts.flatMap((text) => [...text.matchAll(/(?:\/\/|')([a-z][\w.-]*):(\d{2,5})\b/g)]);
  return addresses.flatMap(([, host = '', port = '']) => {
    const to = services[host];
    if (!to) return [`${host}:${port} is no service of this project`];
    return listensOn(to).includes(port) ? [] : [`${host} does not listen on ${port}`];
  });
}

function listensOn({ ports = [], expose = [] }: ComposeService): string[] {
  return [...ports.map(({ target }) => String(target)), ...expose];
}

function tooOpen(service: ComposeService): string[] {
  const { image, user = '0', ports = [] } = service;
  return [
    ...(service.read_only ? [] : ['its root file system can be written']),
    ...(service.cap_drop?.includes('ALL') ? [] : ['keeps capabilities']),
    ...(service.security_opt?.includes('no-new-privileges:true') ? [] : ['may gain privileges']),
    ...(/^[1-9]\d*:\d+$/.test(user) ? [] : [`runs as ${user}`]),
    ...(/:[\w.-]*\d[\w.-]*$|:dev$/.test(image) ? [] : [`${image} is not pinned`]),
    ...ports
      .filter(({ host_ip }) => host_ip !== '127.0.0.1')
      .map(({ target }) => `${target} is published beyond loopback`),
  ];
}

/** Services with a health check are waited for until they are healthy. */
function notWaitedFor({ depends_on = {} }: ComposeService, { services }: ComposeProject): string[] {
  return Object.entries(depends_on).flatMap(([name, { condition }]) => {
    const expected = services[name]?.healthcheck ? 'service_healthy' : 'service_started';
    return condition === expected ? [] : [`waits for ${name} to be ${condition}, expected ${expected}`];
  });
}
