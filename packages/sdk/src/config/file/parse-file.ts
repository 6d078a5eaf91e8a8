import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { messageOf } from '@inferometer/core';
import type { ConfigurationModel } from '@opentelemetry/configuration';
import type * as Yaml from 'yaml';
import { refuseUnknown } from './section.ts';

// Loaded when there is a file: they cost every other process its start.
const require = createRequire(import.meta.url);

const topLevel = [
  'file_format',
  'disabled',
  'log_level',
  'attribute_limits',
  'logger_provider',
  'meter_provider',
  'propagator',
  'tracer_provider',
  'resource',
  'instrumentation/development',
  'distribution',
];

/**
 * The file's model, valid by the schema, with `${VARIABLES}` of the process's environment in place.
 * @throws {RangeError} that names the file, the place in it and what is wrong there
 */
export function parseFile(file: string): ConfigurationModel {
  const text = textOfFile(file);
  const { parseDocument } = require('yaml') as typeof Yaml;
  const document = parseDocument(text, { version: '1.2' });
  // The schema's own parser goes on with what it understood of broken YAML.
  const [error] = document.errors;
  if (error) throw new RangeError(`OTEL_CONFIG_FILE ${file} is no valid YAML: ${error.message}`);
  const { parseConfigFile } = require('@opentelemetry/configuration') as {
    parseConfigFile(file: string): ConfigurationModel;
  };
  let model: ConfigurationModel;
  try {
    model = parseConfigFile(file);
  } catch (cause) {
    throw new RangeError(`OTEL_CONFIG_FILE ${file}: ${readable(messageOf(cause), file, document.toJS())}`, {
      cause,
    });
  }
  try {
    refuseUnknown('', model, topLevel);
  } catch (cause) {
    throw new RangeError(`OTEL_CONFIG_FILE ${file}: ${messageOf(cause)}`, { cause });
  }
  return model;
}

function textOfFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new RangeError(`OTEL_CONFIG_FILE must be a readable file, got ${file} (${messageOf(cause)})`, {
      cause,
    });
  }
}

/** `/a/0/b must be …` as `a[0].b must be …`; names the properties where the validator only says that one is too many. */
function readable(message: string, file: string, root: unknown): string {
  return message
    .replace('Invalid OpenTelemetry config file: ', '')
    .replace(`${file}: `, '')
    .replaceAll(
      /(^|\n\s*)((?:\/[^/ ]+)+)( must[^\n]*)/g,
      (_all, before: string, pointer: string, what: string) => {
        const parts = pointer
          .slice(1)
          .split('/')
          .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
        const at = parts.reduce(
          (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part),
          '',
        );
        const keys = what.includes('additional properties') ? ` (it has ${keysAt(root, parts)})` : '';
        return `${before}${at}${what}${keys}`;
      },
    );
}

function keysAt(root: unknown, parts: readonly string[]): string {
  const node = parts.reduce<unknown>(
    (value, part) => (value as Record<string, unknown> | undefined)?.[part],
    root,
  );
  return Object.keys((node as object | undefined) ?? {}).join(', ');
}
