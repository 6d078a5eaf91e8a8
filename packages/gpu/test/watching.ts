/** What the tests of the package share: readings of a fake library, each by the process that really reads. */

import {
  type GpuInspection,
  type GpuReport,
  type GpuTrouble,
  inspectGpus,
  watchGpus,
} from '@inferometer/gpu';
import { type FakeNvml, startFakeNvml, waitFor, withoutOwnSettings } from '@inferometer/testkit';

/** Variables of the machine that would choose among devices. */
export const unset = {
  CUDA_VISIBLE_DEVICES: undefined,
  NVIDIA_VISIBLE_DEVICES: undefined,
  CUDA_DEVICE_ORDER: undefined,
};

export interface LookOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly scope?: 'own' | 'all';
  /** @default the fake as it is */
  readonly library?: string;
}

/** One look at a fake with this script. */
export async function look(script: string, options: LookOptions = {}): Promise<GpuInspection> {
  const { env = {}, scope = 'own', library } = options;
  await using fake = await startFakeNvml(script);
  const named = library === undefined ? {} : { INFEROMETER_NVML_LIBRARY: library };
  // Awaited here: the script is gone with this function.
  return await inspectGpus(
    { ...process.env, ...withoutOwnSettings(), ...unset, ...fake.env, ...named, ...env },
    scope,
    20_000,
  );
}

/** Readings at intervals, and what became of them. */
export interface Watched extends AsyncDisposable {
  readonly fake: FakeNvml;
  readonly reports: readonly GpuReport[];
  readonly troubles: readonly GpuTrouble[];
  /** The first report from now on that fits. */
  next(what: string, fits: (report: GpuReport) => boolean): Promise<GpuReport>;
  nextTrouble(): Promise<GpuTrouble>;
}

export interface WatchOptions {
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly scope?: 'own' | 'all';
}

export async function watch(script: string, options: WatchOptions = {}): Promise<Watched> {
  const { intervalMs = 20, timeoutMs = 10_000, env = {}, scope = 'own' } = options;
  const fake = await startFakeNvml(script);
  const reports: GpuReport[] = [];
  const troubles: GpuTrouble[] = [];
  const watching = watchGpus({
    library: fake.library,
    scope,
    intervalMs,
    timeoutMs,
    env: { ...process.env, ...withoutOwnSettings(), ...unset, ...fake.env, ...env },
    polled: (report) => reports.push(report),
    trouble: (trouble) => troubles.push(trouble),
  });
  const after = <T>(what: string, list: readonly T[], fits: (one: T) => boolean): Promise<T> => {
    const from = list.length;
    return waitFor(what, () => list.slice(from).find(fits), { timeoutMs: 25_000 });
  };
  return {
    fake,
    reports,
    troubles,
    next: (what, fits) => after(what, reports, fits),
    nextTrouble: () => after('trouble', troubles, () => true),
    async [Symbol.asyncDispose]() {
      watching.stop();
      await fake[Symbol.asyncDispose]();
    },
  };
}

/** Every reading there is, of all devices. */
export const everything = `
* uuid GPU-11111111-2222-3333-4444-555555555555
* name NVIDIA H100 80GB HBM3
* utilization 75 30
* memory 85899345920 524288000 21474836480
* power 350500
* energy 123456789
* temperature 63
* sm_clock 1980
* memory_clock 2619
* pcie 1200 3400
* throttled 0x24
* throttle_supported 0xfe
* ecc 7 1
* replays 3
* remapped 0 0 0 0
* encoder 12
* decoder 34
* events on
* field_82 71
* field_138 1000
* field_139 2000
* processes parent:4294967296 1:1000 2:none
* graphics 1:1000
* process_utilization parent:38:12:0:0 1:20:0:0:0
`;
