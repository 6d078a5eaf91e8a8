import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toolsCache } from '../../find-mini-lm.ts';
import { type Command, type Contestant, teiForm, teiVector } from './contestant.ts';

/** A Python server with the settings that it is tried in; the best of them takes part. */
export interface Rival {
  readonly name: string;
  readonly settings: readonly Contestant[];
}

export interface Rivals {
  readonly found: readonly Rival[];
  /** Those that are not installed, and why. */
  readonly missing: readonly string[];
}

/** For whoever misses them. */
export const howToGetServers = 'get it with: npm run parts -- servers (PyPI, 1.2 GB, some minutes)';

/** Where the servers' sources are. */
const sources = fileURLToPath(new URL('../../../servers', import.meta.url));

/** Threads of an operator and how many run models at a time: what can be tuned in all of them. */
interface Tuning {
  readonly label: string;
  /** 0: onnxruntime's default. */
  readonly threads: number;
  readonly runs: number;
}

/** @param directory of the model */
export function findRivals(directory: string, cores: number): Rivals {
  const environments = join(toolsCache(), 'servers');
  const oneRun: Tuning = { label: "onnxruntime's threads", threads: 0, runs: 1 };
  const oneThread: Tuning = { label: '1 thread', threads: 1, runs: 1 };
  const perCore: Tuning = { label: `${cores} workers of 1 thread`, threads: 1, runs: cores };
  const found: Rival[] = [];
  const missing: string[] = [];
  const add = (
    name: string,
    environment: string,
    tunings: readonly Tuning[],
    make: Make,
    form: Pick<Contestant, 'form' | 'vector'> = { form: teiForm, vector: teiVector },
  ): void => {
    const bin = join(environments, environment, 'bin');
    if (!existsSync(join(bin, 'python'))) {
      missing.push(`${name}; ${reasonOf(join(environments, `${environment}.reason`)) ?? howToGetServers}`);
      return;
    }
    const settings = tunings.map((tuning) => ({
      name,
      setting: tuning.label,
      ...form,
      command: (port: number, folder: string): Command => {
        const { program, args, env, readyPath } = make({ port, folder, tuning });
        return {
          program: join(bin, program),
          args,
          env: { ...common(directory, tuning), ...env },
          readyPath,
        };
      },
    }));
    found.push({ name, settings });
  };

  add('FastAPI, thread pool', 'fastapi', [oneRun, oneThread, perCore], ({ port, tuning }) =>
    uvicorn('fastapi_threads:app', port, tuning.runs),
  );
  for (const waitMs of [50, 5]) {
    const env = { WAIT_MS: String(waitMs) };
    const inOne = { label: `${cores} runs of 1 thread`, threads: 1, runs: cores };
    add(`FastAPI, ${waitMs} ms batcher`, 'fastapi', [oneRun, inOne], ({ port, tuning }) =>
      uvicorn('fastapi_batcher:app', port, 1, { ...env, RUNS: String(tuning.runs) }),
    );
  }
  add('LitServe', 'litserve', [oneRun, perCore], ({ port, tuning }) => ({
    program: 'python',
    args: [join(sources, 'litserve_embed.py')],
    env: { PORT: String(port), WORKERS: String(tuning.runs), WAIT_MS: '5' },
    readyPath: '/health',
  }));
  add('BentoML', 'bentoml', [oneRun, perCore], ({ port, folder, tuning }) => ({
    program: 'bentoml',
    args: [
      ...['serve', 'bentoml_embed:Embedder', '--working-dir', sources, '--quiet'],
      ...['--host', '127.0.0.1', '--port', String(port)],
    ],
    env: {
      WORKERS: String(tuning.runs),
      BENTOML_DO_NOT_TRACK: 'True',
      BENTOML_HOME: folder,
    },
    readyPath: '/readyz',
  }));
  add(
    'MLServer',
    'mlserver',
    [oneRun, perCore],
    ({ port, folder, tuning }) => mlserver(port, folder, tuning.runs),
    { form: openInferenceForm, vector: openInferenceVector },
  );
  return { found, missing };
}

type Make = (start: { readonly port: number; readonly folder: string; readonly tuning: Tuning }) => Command;

function common(directory: string, tuning: Tuning): Readonly<Record<string, string>> {
  return {
    MODEL_DIR: directory,
    THREADS: String(tuning.threads),
    PYTHONPATH: sources,
    // The sources' folder is a checkout.
    PYTHONDONTWRITEBYTECODE: '1',
    // Many threads of the tokenizer on few cores are in each other's way.
    TOKENIZERS_PARALLELISM: 'false',
  };
}

function uvicorn(
  app: string,
  port: number,
  workers: number,
  env: Readonly<Record<string, string>> = {},
): Command {
  return {
    program: 'python',
    args: [
      ...['-m', 'uvicorn', app, '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)],
      ...['--loop', 'uvloop', '--http', 'httptools', '--no-access-log', '--log-level', 'warning'],
    ],
    env,
    readyPath: '/ready',
  };
}

function mlserver(port: number, folder: string, workers: number): Command {
  return {
    program: 'mlserver',
    args: ['start', join(sources, 'mlserver')],
    env: {
      MLSERVER_DEBUG: 'false',
      MLSERVER_HOST: '127.0.0.1',
      MLSERVER_HTTP_PORT: String(port),
      MLSERVER_GRPC_PORT: '0',
      // None.
      MLSERVER_METRICS_ENDPOINT: '',
      MLSERVER_METRICS_DIR: join(folder, 'metrics'),
      MLSERVER_ENVIRONMENTS_DIR: join(folder, 'environments'),
      // 0 runs the model in the server's own process.
      MLSERVER_PARALLEL_WORKERS: String(workers),
      MLSERVER_MODEL_MAX_BATCH_SIZE: '32',
      MLSERVER_MODEL_MAX_BATCH_TIME: '0.005',
    },
    readyPath: '/v2/models/minilm/ready',
  };
}

const openInferenceForm = {
  path: '/v2/models/minilm/infer',
  headers: {},
  body: '{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["TEXT"]}]}',
} as const;

function openInferenceVector(body: string): readonly number[] {
  const { outputs } = JSON.parse(body) as { outputs?: readonly { data: readonly number[] }[] };
  if (!outputs?.[0]) throw new Error('expected a tensor');
  return outputs[0].data;
}

function reasonOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
