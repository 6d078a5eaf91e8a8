import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Contestant, teiForm, teiVector } from './contestant.ts';

export interface OurOptions {
  /** `minilm=DIR`; the service's own models without it. */
  readonly model: string | undefined;
  /** Where spans go. */
  readonly otlpEndpoint: string;
  readonly metricsPort: number;
  /** Added to `inferometer serve`. */
  readonly args?: readonly string[];
}

/** `inferometer serve` as it is by default, with every trace exported. */
export function ours(options: OurOptions): Contestant {
  const manifest = createRequire(import.meta.url).resolve('inferometer/package.json');
  const args = options.args ?? [];
  return {
    name: 'inferometer',
    setting: args.length === 0 ? 'defaults, every trace exported' : args.join(' '),
    form: teiForm,
    vector: teiVector,
    command: (port) => ({
      program: process.execPath,
      args: [
        join(dirname(manifest), 'bin/inferometer.js'),
        ...['serve', '--port', String(port), '--metrics-port', String(options.metricsPort)],
        ...(options.model === undefined ? [] : ['--model', options.model]),
        ...args,
      ],
      env: {
        NODE_ENV: 'production',
        OTEL_EXPORTER_OTLP_ENDPOINT: options.otlpEndpoint,
        OTEL_TRACES_EXPORTER: 'otlp',
        INFEROMETER_TRACES_RATIO: '1',
        INFEROMETER_TRACES_PER_SECOND: '0',
      },
      readyPath: '/readyz',
    }),
  };
}
