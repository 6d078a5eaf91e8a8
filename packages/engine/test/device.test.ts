import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTelemetry, type Observer } from '@inferometer/core';
import {
  createPlacement,
  explainCuda,
  kernelsByProvider,
  loadModel,
  type ModelOptions,
  notOnDevice,
  parseDevice,
  readModelDirectory,
  resolveModelOptions,
} from '@inferometer/engine';
import { type TempDir, tempDir } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const directory = readModelDirectory(
  fileURLToPath(new URL('../../server/models/nickname-encoder', import.meta.url)),
);

test.each([
  ['cpu', { devices: ['cpu'], fallsBack: false }],
  ['cuda', { devices: ['cuda:0'], fallsBack: false }],
  ['cuda:3', { devices: ['cuda:3'], fallsBack: false }],
  ['cuda:0, cuda:1', { devices: ['cuda:0', 'cuda:1'], fallsBack: false }],
  ['cuda,cpu', { devices: ['cuda:0'], fallsBack: true }],
  ['cuda:1,cuda:0,cpu', { devices: ['cuda:1', 'cuda:0'], fallsBack: true }],
])('device %s', (text, choice) => {
  expect(parseDevice(text)).toEqual(choice);
});

test.each(['', 'gpu', 'cuda:', 'cuda:x', 'cuda:-1', 'cpu,cuda', 'cuda,cuda:0', 'cuda,', 'CPU', 'cpu,cpu'])(
  'device "%s" is refused by name and value',
  (device) => {
    expect(parseDevice(device)).toBeUndefined();
    expect(() => resolveModelOptions({ device })).toThrow(`device must be cpu, cuda, cuda:N, several`);
    expect(() => resolveModelOptions({ device })).toThrow(`got ${device}`);
  },
);

test('a GPU has one executor of one thread and larger batches, unless somebody says otherwise', () => {
  expect(resolveModelOptions({ device: 'cuda:0,cuda:1' })).toMatchObject({
    executors: 2,
    threads: 1,
    soloThreads: 0,
    maxBatchSize: 256,
    maxBatchTokens: 65_536,
  });
  const own: ModelOptions = { executors: 3, threads: 2, soloThreads: 1, maxBatchSize: 8, maxBatchTokens: 99 };
  expect(resolveModelOptions({ device: 'cuda', ...own })).toMatchObject(own);
  expect(resolveModelOptions({}).maxBatchSize).toBe(32);
});

/** What `explainCuda` says of a directory in which the provider's two files are shared objects that need others. */
describe.runIf(process.platform === 'linux' && process.arch === 'x64')('what CUDA lacks', () => {
  let dir: TempDir;
  const notLoaded = new Error('OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library');
  const explain = (name: string, error: unknown = notLoaded): string =>
    explainCuda('cuda:1', error, join(dir.path, name));

  /** Compiles a library that needs another, which is there to be linked with and not to be loaded. */
  const provider = (name: string, needs?: string): void => {
    const at = join(dir.path, name);
    mkdirSync(join(at, 'link'), { recursive: true });
    writeFileSync(join(at, 'empty.c'), 'int inferometer_stub;\n');
    const compile = (out: string, ...more: string[]): void =>
      void execFileSync('cc', ['-shared', '-fPIC', '-o', join(at, out), join(at, 'empty.c'), ...more]);
    compile('libonnxruntime_providers_shared.so');
    if (needs) compile(`link/${needs}`, `-Wl,-soname,${needs}`);
    const link = needs ? ['-Wl,--no-as-needed', join(at, 'link', needs)] : [];
    compile('libonnxruntime_providers_cuda.so', ...link);
  };
  beforeAll(async () => {
    dir = await tempDir('device');
    mkdirSync(join(dir.path, 'none'));
    provider('no-cublas', 'libcublasLt.so.12');
    provider('no-cublas-13', 'libcublasLt.so.13');
    provider('no-driver', 'libcuda.so.1');
    provider('whole');
    cpSync(join(dir.path, 'whole'), join(dir.path, 'damaged'), { recursive: true });
    writeFileSync(join(dir.path, 'damaged/libonnxruntime_providers_cuda.so'), 'not a library');
  });
  afterAll(() => dir[Symbol.asyncDispose]());

  test('its files: both are named, and how to get them', () => {
    const said = explain('none');
    expect(said).toContain(
      `cuda:1 cannot be used: ${join(dir.path, 'none/libonnxruntime_providers_shared.so')} and ${join(dir.path, 'none/libonnxruntime_providers_cuda.so')} are missing`,
    );
    expect(said).toMatch(/ONNXRUNTIME_NODE_INSTALL=cuda12.*onnxruntime-gpu.*docs\/gpu\.md/);
    expect(said).not.toContain('\n');
  });

  test('a library that these need: it is named, with the packages of its CUDA version', () => {
    expect(explain('no-cublas')).toMatch(
      /^cuda:1 cannot be used: libonnxruntime_providers_cuda\.so needs libcublasLt\.so\.12, which is not found\. .*nvidia-cublas-cu12.*nvidia-cudnn-cu12.*LD_LIBRARY_PATH/,
    );
    expect(explain('no-cublas-13')).toMatch(/needs libcublasLt\.so\.13.*nvidia-cublas,.*nvidia-cudnn-cu13/);
  });

  test('the driver', () => {
    expect(explain('no-driver')).toMatch(/needs libcuda\.so\.1, which is not found\. .*driver.*--gpus all/);
  });

  test('a file that is damaged is named with what the loader says', () => {
    expect(explain('damaged')).toMatch(
      /libonnxruntime_providers_cuda\.so cannot be loaded: .*(ELF|file too short)/,
    );
  });

  test.each([
    ['CUDA failure 100: no CUDA-capable device is detected', /no NVIDIA GPU that this process may use/],
    ['CUDA failure 101: invalid device ordinal', /no GPU of this number/],
    ['CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version', /driver is older/],
    ['CUDA failure 2: out of memory', /no memory left/],
  ])('a GPU: %s', (failure, meaning) => {
    // As onnxruntime 1.30 says it.
    const said = `/onnxruntime_src/cuda_call.cc:146 CudaCall(ERRTYPE, int) [with THRW = true]\n${failure} ; GPU=-1 ; hostname=vm ; file=/onnxruntime_src/cuda_execution_provider.cc ; line=352 ; expr=cudaSetDevice(info_.device_id);`;
    const explained = explain('whole', new Error(said));
    expect(explained).toMatch(meaning);
    expect(explained).toMatch(new RegExp(`onnxruntime says: ${failure}$`));
  });

  test('what nobody has foreseen is passed on as it was said', () => {
    expect(explain('whole', new Error('something else'))).toBe('cuda:1 cannot be used: something else');
    expect(explain('whole')).toContain(notLoaded.message);
  });
});

describe('where a run was', () => {
  const kernel = (provider: string) => ({ name: '/MatMul_kernel_time', args: { provider } });
  const onCpu = [kernel('CPUExecutionProvider'), kernel('CPUExecutionProvider')];

  test('a session whose nodes are all on the CPU is none on CUDA, though it was opened there', () => {
    expect(notOnDevice('cuda:0', kernelsByProvider(onCpu))).toMatch(
      /all 2 nodes .* on the CPU and none on cuda:0/,
    );
    const shared = kernelsByProvider([...onCpu, kernel('CUDAExecutionProvider'), { name: 'model_run' }]);
    expect([...shared.values()]).toEqual([2, 1]);
    expect(notOnDevice('cuda:0', shared)).toBeUndefined();
    expect(notOnDevice('cpu', kernelsByProvider(onCpu))).toBeUndefined();
    expect(notOnDevice('cuda:0', new Map())).toBeUndefined();
  });

  test('its runs fail, or are said to be the CPU’s where it may fall back; the profile is looked at once', () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      const kernels = vi.fn(() => kernelsByProvider(onCpu));
      const strict = createPlacement({ device: 'cuda:0', fallsBack: false }, kernels);
      expect(() => strict.ranOn()).toThrow(/none on cuda:0/);
      expect(() => strict.ranOn()).toThrow(/none on cuda:0/);
      const falls = createPlacement({ device: 'cuda:0', fallsBack: true }, kernels);
      expect([falls.ranOn(), falls.ranOn()]).toEqual(['cpu', 'cpu']);
      expect(kernels).toHaveBeenCalledTimes(2);
      expect(stderr).toHaveBeenCalledTimes(1);
      const there = createPlacement({ device: 'cuda:0', fallsBack: false }, () =>
        kernelsByProvider([kernel('CUDAExecutionProvider')]),
      );
      expect(there.ranOn()).toBe('cuda:0');
      expect(createPlacement({ device: 'cpu', fallsBack: false }, undefined).ranOn()).toBe('cpu');
    } finally {
      stderr.mockRestore();
    }
  });
});

// Only the provider's absence can be had everywhere: a machine that has CUDA runs `npm run test:gpu`.
describe('a model whose device is not there', () => {
  const uses: string[] = [];
  const observer: Observer = { deviceUsed: (_model, _tenant, device) => void uses.push(device) };

  test('is not loaded, and the error says why', async () => {
    const loading = loadModel('e', directory, createTelemetry(), { device: 'cuda:99' });
    await expect(loading).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringMatching(/^cuda:99 cannot be used: /),
    });
  });

  test('runs on the CPU if it may, with the CPU’s defaults, and says so in all it counts', async () => {
    const telemetry = createTelemetry({ observers: [observer] });
    const model = await loadModel('e', directory, telemetry, { device: 'cuda:99,cpu', soloThreads: 0 });
    try {
      expect(model.options).toMatchObject({ device: 'cpu', maxBatchSize: 32 });
      if (model.kind !== 'embedding') throw new Error('expected a model that embeds');
      const opened = telemetry.openRequest({ method: '', path: 'embed' });
      await model.embed([model.tokenizer.encode('hello', 16)], { trace: opened.trace });
      expect(opened.close({ status: 200 })).toMatchObject({ device: 'cpu' });
      expect(new Set(uses)).toEqual(new Set(['cpu']));
    } finally {
      await model.close();
    }
  });
});
