/** A package of this repository that the service needs. */
export interface Workspace {
  /** `packages/core` */
  readonly path: string;
  /** `files` of its manifest: what npm would publish. */
  readonly files: readonly string[];
}

export interface Target {
  /** As Node names it: x64, arm64. */
  readonly arch: string;
  readonly workspaces: readonly Workspace[];
}

/** Types, their sources and maps: read by compilers and debuggers, and half of all files. */
const notRun = /\.(?:[cm]?ts|map|tsbuildinfo)$/;
/** koffi's library for another C library. */
const musl = /^node_modules\/@koromix\/[^/]+\/musl_/;
const onnxruntimeBinaries = /^node_modules\/onnxruntime-node\/bin\/napi-v\d+\/([^/]+)(?:\/([^/]+))?/;

/** Whether a file, folder or link of the checkout is in the image. @param path relative to the checkout, with `/` */
export function isShipped(path: string, { arch, workspaces }: Target): boolean {
  if (notRun.test(path)) return false;
  const [top, second, ...rest] = path.split('/');
  if (top === 'packages') return second === undefined || isShippedOfWorkspace(path, rest, workspaces);
  if (second === '@types' || second === '.package-lock.json' || second === '.cache') return false;
  if (musl.test(path)) return false;
  // The package brings the libraries of five platforms, 290 MB.
  const [, platform = 'linux', cpu = arch] = onnxruntimeBinaries.exec(path) ?? [];
  return platform === 'linux' && cpu === arch;
}

function isShippedOfWorkspace(path: string, rest: readonly string[], workspaces: readonly Workspace[]) {
  const workspace = workspaces.find((it) => path === it.path || path.startsWith(`${it.path}/`));
  const [entry] = rest;
  return (
    workspace !== undefined &&
    (entry === undefined || ['package.json', 'node_modules', ...workspace.files].includes(entry))
  );
}
