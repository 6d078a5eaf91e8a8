/** What is known of a device, or of a part of one (MIG), to tell whether a process may use it. */
export interface VisibleCandidate {
  readonly id: string;
  /** Place in the driver's order, which is that of the PCI bus; a part has that of its device. */
  readonly index: number;
  /** N of `/dev/nvidiaN`. */
  readonly minor: number | undefined;
  /** UUID of the device that this is a part of. */
  readonly parentId: string | undefined;
  /** Place among the parts of its device. */
  readonly partIndex: number | undefined;
  readonly gpuInstance: number | undefined;
  readonly computeInstance: number | undefined;
  /** Whether it is divided into parts, which are used instead of it. */
  readonly isDivided: boolean;
  /** What CUDA compares to put the fastest device first; 0 if it is not known. */
  readonly speed: number;
}

/** Whether a UUID, or its beginning, names a device; MIG devices also by the form of older drivers. */
export function isNamed(candidate: VisibleCandidate, uuid: string): boolean {
  // MIG-GPU-<uuid of the device>/<GPU instance>/<compute instance>
  const [, parent, gpuInstance, computeInstance] = /^MIG-(GPU-[^/]+)\/(\d+)(?:\/(\d+))?$/.exec(uuid) ?? [];
  if (parent !== undefined) {
    return (
      candidate.parentId === parent &&
      candidate.gpuInstance === Number(gpuInstance) &&
      (computeInstance === undefined || candidate.computeInstance === Number(computeInstance))
    );
  }
  return candidate.id.startsWith(uuid);
}
