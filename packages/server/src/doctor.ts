import { messageOf } from '@inferometer/core';
import { type Finding, formatFindings, hasErrors, inspect, type SettingFinding } from '@inferometer/sdk';
import type { Command } from 'commander';
import { findVersions } from './models/versions.ts';
import { serveCommand } from './options.ts';
import { type Resolved, readServeOptions, serverOptions } from './serve-options.ts';

/** Variables of the server that are no flag's. */
const ownVariables = ['INFEROMETER_LOG_LEVEL'];

/**
 * Prints what is in force and what is wrong, for the environment and the file that a server would be started with.
 * @param config as `serve --config`
 * @returns the exit code: 1 if something is wrong
 */
export async function doctor(json: boolean, config: string | undefined): Promise<number> {
  const command = serveCommand(async () => {});
  const flags = command.options.flatMap((option) => option.envVar ?? []);
  const telemetry = await inspect(process.env, { knownVariables: [...ownVariables, ...flags] });
  const findings = [...(await inspectServer(command, config)), ...telemetry];
  process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : formatFindings(findings));
  return hasErrors(findings) ? 1 : 0;
}

/** Settings of the server and its models, and what is wrong with them. */
async function inspectServer(command: Command, config: string | undefined): Promise<readonly Finding[]> {
  let resolved: Resolved;
  try {
    await command.parseAsync(config === undefined ? [] : ['--config', config], { from: 'user' });
    resolved = await readServeOptions(command);
  } catch (error) {
    return wrong('inferometer.yaml', error);
  }
  const settings = settingsOf(command, resolved);
  try {
    const models = findVersions(resolved.options.sources).map(({ label, path, variant }): SettingFinding => {
      const origin = resolved.config ? 'file' : 'default';
      return {
        kind: 'setting',
        name: `models.${label}`,
        value: variant ? `${path} (${variant})` : path,
        origin,
      };
    });
    return [...settings, ...models];
  } catch (error) {
    return [...settings, ...wrong('models', error)];
  }
}

function settingsOf(command: Command, { config }: Resolved): SettingFinding[] {
  const inFile = new Map(config?.server.map(({ name, value }) => [name, value]));
  return [...serverOptions(command).keys()].map((name) => {
    const fromEnvironment = command.getOptionValueSource(name) === 'env';
    const isFile = !fromEnvironment && inFile.has(name);
    const value: unknown = isFile ? inFile.get(name) : command.getOptionValue(name);
    return {
      kind: 'setting',
      name: `server.${name}`,
      value: value === undefined || value === '' ? undefined : withoutSecret(String(value)),
      origin: fromEnvironment ? 'environment' : isFile ? 'file' : 'default',
    };
  });
}

/** A Redis has its password in its address. */
function withoutSecret(text: string): string {
  return text.replace(/^(\w+:\/\/[^@/]*:)[^@]*@/, '$1***@');
}

function wrong(name: string, error: unknown): readonly Finding[] {
  return messageOf(error)
    .split('\n')
    .filter((line) => !/^\d+ mistakes$/.test(line))
    .map((message): Finding => ({ kind: 'check', level: 'error', name, message }));
}
