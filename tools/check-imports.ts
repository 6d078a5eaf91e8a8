/**
 * Checks what packages import from each other and from outside against an allow-list: dependencies run one way, and a
 * new edge is a reviewed line here and in the package's manifest.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** What each package's sources may import; `node:` modules and own files always. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'packages/core': ['@opentelemetry/api'],
  'packages/gpu': ['koffi'],
  'packages/sdk': [
    '@inferometer/core',
    '@inferometer/gpu',
    '@opentelemetry/api',
    '@opentelemetry/configuration',
    '@opentelemetry/context-async-hooks',
    '@opentelemetry/core',
    '@opentelemetry/exporter-prometheus',
    '@opentelemetry/exporter-trace-otlp-http',
    '@opentelemetry/exporter-trace-otlp-proto',
    '@opentelemetry/instrumentation',
    '@opentelemetry/instrumentation-express',
    '@opentelemetry/instrumentation-http',
    '@opentelemetry/instrumentation-ioredis',
    '@opentelemetry/instrumentation-pg',
    '@opentelemetry/instrumentation-pino',
    '@opentelemetry/instrumentation-runtime-node',
    '@opentelemetry/instrumentation-undici',
    '@opentelemetry/otlp-exporter-base',
    '@opentelemetry/otlp-transformer',
    '@opentelemetry/propagator-b3',
    '@opentelemetry/resource-detector-container',
    '@opentelemetry/resources',
    '@opentelemetry/sdk-metrics',
    '@opentelemetry/sdk-node',
    '@opentelemetry/sdk-trace',
    'prom-client',
    'yaml',
  ],
  'packages/express': ['@inferometer/core', '@opentelemetry/api'],
  'packages/engine': [
    '@inferometer/core',
    '@opentelemetry/api',
    '@huggingface/jinja',
    '@huggingface/tokenizers',
    'ioredis',
    'lru-cache',
    'onnxruntime-node',
  ],
  'packages/server': [
    '@inferometer/core',
    '@inferometer/engine',
    '@inferometer/express',
    '@inferometer/sdk',
    'busboy',
    'commander',
    'express',
    'jpeg-js',
    'pino',
    'pngjs',
    'yaml',
    'zod',
  ],
  // The yardstick of bench:serve is bare onnxruntime, with the tokenizer that the service uses.
  'packages/bench': [
    '@huggingface/tokenizers',
    '@inferometer/core',
    '@inferometer/engine',
    '@inferometer/gpu',
    'autocannon',
    'onnxruntime-node',
  ],
  grafana: ['@grafana/grafana-foundation-sdk', '@inferometer/core'],
};

/** Declared without being imported: `inferometer` is run as a process; the API is what other packages are peers of. */
const notImported: Readonly<Record<string, readonly string[]>> = {
  'packages/server': ['@opentelemetry/api'],
  'packages/bench': ['inferometer'],
  'packages/express': ['express'],
};

/**
 * Where onnxruntime may be loaded: its calls block the thread, so that the main process never has it. The benchmark's
 * bare runs are processes of their own too.
 */
const onlyInExecutor = {
  module: 'onnxruntime-node',
  below: ['packages/engine/src/executor/', 'packages/bench/src/serve/bare/', 'packages/bench/src/gpu/'],
};

const specifier = /(?:\bfrom\s+|\bimport\s+|\b(?:import|require)\(\s*)['"]([^'"]+)['"]/g;

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

function findings(): string[] {
  const found: string[] = [];
  for (const [folder, names] of Object.entries(allowed)) {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Record<
      string,
      object
    >;
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const used = new Set<string>();
    for (const file of globSync(`${folder}/src/**/*.ts`, { cwd: root })) {
      for (const [, from = ''] of readFileSync(join(root, file), 'utf8').matchAll(specifier)) {
        if (from.startsWith('node:') || from.startsWith('.')) continue;
        const name = packageOf(from);
        used.add(name);
        if (!names.includes(name)) found.push(`${file} imports ${name}, which ${folder} may not`);
        else if (!declared.includes(name))
          found.push(`${file} imports ${name}, which its package.json does not declare`);
        if (
          name === onlyInExecutor.module &&
          !onlyInExecutor.below.some((folder) => file.startsWith(folder))
        ) {
          found.push(`${file} imports ${name}, which only ${onlyInExecutor.below.join(' and ')} may`);
        }
      }
    }
    for (const name of names)
      if (!used.has(name)) found.push(`${folder} is allowed ${name} but does not use it`);
    for (const name of declared) {
      if (!used.has(name) && !notImported[folder]?.includes(name))
        found.push(`${folder} declares ${name} but does not use it`);
    }
  }
  return found;
}

const all = findings();
for (const line of all) process.stderr.write(`${line}\n`);
process.stdout.write(`imports: ${Object.keys(allowed).length} packages checked, ${all.length} findings\n`);
process.exit(all.length > 0 ? 1 : 0);
