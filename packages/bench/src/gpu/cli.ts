import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { listVariants, parseDevice, readModelDirectory } from '@inferometer/engine';
import { inspectGpus } from '@inferometer/gpu';
import { findMiniLm } from '../find-mini-lm.ts';
import { formatCurve } from './format-curve.ts';
import { halved } from './half-precision.ts';
import { measureCurve, type Precision } from './measure.ts';

/** Curves over batch sizes on a GPU, or with `--device cpu` on the CPU: `cli.js [--device D] [--model DIR] [--json] …` */

const usageError = 2;
const allSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const inspectLimitMs = 20_000;

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    model: { type: 'string' },
    sizes: { type: 'string', default: allSizes.join(',') },
    tokens: { type: 'string', default: '128' },
    seconds: { type: 'string', default: '2' },
    threads: { type: 'string', default: '1' },
    /** Fails instead of skipping where there is no GPU. */
    required: { type: 'boolean' },
    json: { type: 'boolean' },
  },
});

const dir = mkdtempSync(join(tmpdir(), 'inferometer-half-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));

try {
  const [device, ...others] = parseDevice(values.device)?.devices ?? [];
  if (device === undefined || others.length > 0)
    throw new RangeError(`--device must be cpu or cuda[:N], got ${values.device}`);
  const figures = {
    batchSizes: values.sizes.split(',').map((text) => numberOf('sizes', text, 1)),
    tokens: numberOf('tokens', values.tokens, 1),
    threads: numberOf('threads', values.threads, 1),
    seconds: numberOf('seconds', values.seconds, 0),
  };
  const reason = device === 'cpu' ? undefined : await whyNot();
  if (reason !== undefined) skip(reason);
  else {
    const curve = await measureCurve({
      device,
      ...figures,
      precisions: await precisionsOf(),
      // Progress goes to standard error: standard output is the report alone.
      say: (step) => process.stderr.write(`measuring ${step} …\n`),
    });
    process.stdout.write(values.json ? `${JSON.stringify(curve)}\n` : `\n${formatCurve(curve)}`);
  }
} catch (error) {
  const { message, stack } = error as Error;
  if (/cannot be used/.test(message)) skip(message.trim());
  else {
    process.stderr.write(`bench:gpu: ${error instanceof RangeError ? message : stack}\n`);
    process.exitCode = error instanceof RangeError ? usageError : 1;
  }
}

async function whyNot(): Promise<string | undefined> {
  const { devices, problem } = await inspectGpus(process.env, 'own', inspectLimitMs);
  return devices.length > 0 ? undefined : (problem ?? 'there is no GPU that this process may use');
}

function skip(reason: string): void {
  if (values.json) process.stdout.write(`${JSON.stringify({ skipped: reason })}\n`);
  process.stderr.write(`batch sizes were not measured: ${reason}\n`);
  if (values.required) process.exitCode = 1;
}

/** The model's graph, and the same in 16 bits: its own where it has one, else made here. */
async function precisionsOf(): Promise<Precision[]> {
  const path =
    values.model ??
    findMiniLm() ??
    fileURLToPath(new URL('../../../server/models/nickname-encoder', import.meta.url));
  const { graph } = readModelDirectory(path);
  const own = listVariants(path).find(({ name }) => name === 'fp16');
  const half = own ? join(path, own.file) : await halved(graph, join(dir, 'fp16.onnx'));
  if (half === undefined)
    process.stderr.write('left out: fp16, which npm run parts -- python is needed to make\n');
  return [{ name: 'fp32', graph }, ...(half === undefined ? [] : [{ name: 'fp16', graph: half }])];
}

function numberOf(option: string, text: string, least: number): number {
  const value = Number(text);
  const isWhole = option === 'seconds' || Number.isInteger(value);
  if (text.trim() !== '' && isWhole && value >= least && Number.isFinite(value)) return value;
  throw new RangeError(
    `--${option} must be ${option === 'seconds' ? 'a number' : 'integers'} >= ${least}, got ${text}`,
  );
}
