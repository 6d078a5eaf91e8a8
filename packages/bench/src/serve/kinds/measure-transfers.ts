import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createTelemetry, phaseUs, type Telemetry } from '@inferometer/core';
import { type ExecutorKind, loadModel, type Model, readModelDirectory } from '@inferometer/engine';
import { median } from '../../overhead/median.ts';
import type { Bench } from '../bench.ts';

export interface TransferEffort {
  /** Sizes of a request's tensor, bytes. */
  readonly bytes: readonly number[];
  /** Requests of each size. */
  readonly runs: number;
}

/** The phase `transfer` of a request: a tensor's way to the executor, and the way back of ten numbers a row. */
export interface TransferRow {
  readonly bytes: number;
  /** Medians. */
  readonly process_ms: number;
  readonly worker_ms: number;
}

/** A row of the model: a picture of 16 × 16 float32. */
const rowBytes = 4 * 16 * 16;

/** The service's model of pictures, its executors as processes and as worker threads, one request at a time. */
export async function measureTransfers(bench: Bench, effort: TransferEffort): Promise<TransferRow[]> {
  const telemetry = createTelemetry();
  const of = async (kind: ExecutorKind): Promise<number[]> => {
    bench.say(`tensors on their way to a ${kind}`);
    const model = await loadPictures(telemetry, kind);
    try {
      const medians: number[] = [];
      for (const bytes of effort.bytes)
        medians.push(await transferMs(model, telemetry, Math.ceil(bytes / rowBytes), effort.runs));
      return medians;
    } finally {
      await model.close();
    }
  };
  const process = await of('process');
  const worker = await of('worker');
  return effort.bytes.map((bytes, index) => ({
    bytes,
    process_ms: process[index] ?? Number.NaN,
    worker_ms: worker[index] ?? Number.NaN,
  }));
}

function loadPictures(telemetry: Telemetry, executorKind: ExecutorKind): Promise<Model> {
  const manifest = createRequire(import.meta.url).resolve('inferometer/package.json');
  const directory = readModelDirectory(join(dirname(manifest), 'models/image-digits'));
  return loadModel('pictures', directory, telemetry, { executorKind, executors: 1, threads: 1 });
}

async function transferMs(model: Model, telemetry: Telemetry, rows: number, runs: number): Promise<number> {
  const measured: number[] = [];
  for (let run = 0; run < runs; run++) {
    // A new one each time: a worker takes it away.
    const data = new Float32Array((rows * rowBytes) / 4);
    const opened = telemetry.openRequest({ method: '', path: 'transfer' });
    const { trace } = opened;
    await model.infer({ image: { type: 'float32', dims: [rows, 1, 16, 16], data } }, { trace });
    measured.push(phaseUs(opened.close({ status: 200 }), 'transfer') / 1000);
  }
  return median(measured);
}
