import type { InferenceSession } from 'onnxruntime-node';

/** onnxruntime's own name of what runs the nodes of a graph on CUDA. */
const cudaProvider = 'CUDAExecutionProvider';

/**
 * The execution providers of a device. The CPU is none of those asked for beside CUDA, but onnxruntime gives it the nodes
 * that CUDA has no kernel for in any case.
 * @param device `cpu` or `cuda:N`
 */
export function providersOf(device: string): readonly InferenceSession.ExecutionProviderConfig[] {
  if (device === 'cpu') return ['cpu'];
  return [{ name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) }];
}

/** An event of onnxruntime's profile, as far as we look at it. */
export interface NodeEvent {
  readonly name: string;
  readonly args?: { readonly provider?: string };
}

/** How many kernels ran where: by provider. */
export function kernelsByProvider(events: readonly NodeEvent[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { name, args } of events) {
    if (!name.endsWith('_kernel_time') || !args?.provider) continue;
    counts.set(args.provider, (counts.get(args.provider) ?? 0) + 1);
  }
  return counts;
}

/**
 * Why a run was not one of the device, though a session was opened there: onnxruntime gives nodes that a provider has no
 * kernels for to the CPU and does not say so.
 * @param kernels of the run; none where it could not be seen, which is held against nobody
 * @returns undefined where it was one
 */
export function notOnDevice(device: string, kernels: ReadonlyMap<string, number>): string | undefined {
  if (device === 'cpu' || kernels.size === 0 || kernels.has(cudaProvider)) return undefined;
  const nodes = [...kernels.values()].reduce((sum, count) => sum + count, 0);
  return `onnxruntime ran all ${nodes} nodes of the graph on the CPU and none on ${device}, which has no kernels for them (a quantised graph?): choose another variant, or the CPU`;
}
