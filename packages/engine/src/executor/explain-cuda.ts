import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf } from '@inferometer/core/base';

/** What onnxruntime loads for CUDA, beside its own library; the npm package has neither. */
const providerFiles = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;

const getFiles =
  'Install them with ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node (from NuGet, for CUDA 12), or take them out of the PyPI wheel onnxruntime-gpu of the same version (for CUDA 13); see docs/gpu.md';
/** @param lacking the first library that is not found, whose name ends with the CUDA version that is wanted */
function getLibraries(lacking: string): string {
  const suffix = lacking.endsWith('.so.12') ? '-cu12' : '';
  const names = ['cublas', 'cuda-runtime', 'curand', 'cufft'].map((name) => `nvidia-${name}${suffix}`);
  const all = [...names, `nvidia-cudnn${suffix || '-cu13'}`].join(', ');
  return `Install the CUDA libraries that it was built for (the CUDA toolkit and cuDNN 9, or from PyPI ${all}) and name their directories in LD_LIBRARY_PATH; see docs/gpu.md`;
}
const getDriver =
  'That is the NVIDIA driver’s: install it, or give the container the GPU (docker run --gpus all, a RuntimeClass and nvidia.com/gpu in Kubernetes)';

/** What CUDA says, and what is to be done about it. */
const causes: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [
    /no CUDA-capable device|CUDA failure 100\b/i,
    'there is no NVIDIA GPU that this process may use (nvidia-smi, CUDA_VISIBLE_DEVICES)',
  ],
  [
    /invalid device ordinal|CUDA failure 101\b|invalid device id/i,
    'there is no GPU of this number (CUDA_VISIBLE_DEVICES counts from 0)',
  ],
  [
    /driver version is insufficient|CUDA failure 35\b/i,
    'the NVIDIA driver is older than the CUDA libraries need',
  ],
  [/out of memory|CUDA failure 2\b|failed to allocate memory/i, 'the GPU has no memory left for the model'],
];

/** Where onnxruntime-node has its libraries. */
export function runtimeDir(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return join(dirname(main), 'bin/napi-v6', process.platform, process.arch);
}

/**
 * Why a session cannot be opened on a CUDA device, and what to do about it, in one line.
 * @param device such as `cuda:0`
 * @param error what onnxruntime said
 * @param dir where its libraries are
 */
export function explainCuda(device: string, error: unknown, dir: string = runtimeDir()): string {
  const why = `${device} cannot be used: `;
  const said = messageOf(error)
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `${why}onnxruntime-node has CUDA on linux/x64 only, this is ${process.platform}/${process.arch}`;
  const missing = providerFiles.filter((file) => !existsSync(join(dir, file)));
  if (missing.length > 0)
    return `${why}${missing.map((file) => join(dir, file)).join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing. ${getFiles}`;
  if (/failed to load (shared )?library/i.test(said)) return `${why}${whatLoaderLacks(dir) ?? said}`;
  const cause = causes.find(([pattern]) => pattern.test(said));
  // The rest is where in onnxruntime it was.
  const failure = /CUDA failure \d+: [^;]*/.exec(said)?.[0].trim() ?? said;
  return `${why}${cause ? `${cause[1]}; onnxruntime says: ${failure}` : said}`;
}

/**
 * onnxruntime says that a library could not be loaded and not which one was lacking: the system's loader does. No harm is
 * done where it loads after all, for it is no addon of Node's and is let go at once.
 */
function whatLoaderLacks(dir: string): string | undefined {
  for (const file of providerFiles) {
    try {
      process.dlopen({ exports: {} }, join(dir, file));
    } catch (error) {
      const said = messageOf(error);
      if (said.includes('did not self-register')) continue;
      const lacking = /^(\S+): cannot open shared object file/.exec(said)?.[1];
      if (lacking === undefined) return `${file} cannot be loaded: ${said}`;
      return `${file} needs ${lacking}, which is not found. ${lacking.startsWith('libcuda.so') ? getDriver : getLibraries(lacking)}`;
    }
  }
  return undefined;
}
