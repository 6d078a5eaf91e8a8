import { type MonoMs, monoNow } from '@inferometer/core/base';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { discardEntry, graphOfEntry } from '../model-cache/entry.ts';
import { halfToNumber } from '../tensor/half.ts';
import { cpuMsUsed } from './cpu-used.ts';
import { explainCuda } from './explain-cuda.ts';
import { createPlacement } from './placement.ts';
import type { LoadRequest, LoadTimes, RunSpan, TensorInfo } from './protocol.ts';
import { providersOf } from './providers.ts';
import { type CreationProfile, startProfile } from './session-profile.ts';

/** An open model and what it takes and gives. */
export interface Session {
  /** Where it was opened, such as `cpu` or `cuda:0`. */
  readonly device: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** How it was opened. */
  readonly opening: Pick<LoadTimes, 'readMs' | 'optimiseMs' | 'fromCache'>;
  /** @param outputs names of those wanted. @default all */
  run(feeds: Readonly<Record<string, Tensor>>, outputs?: readonly string[]): Promise<SessionRun>;
}

export interface SessionRun extends RunSpan {
  readonly results: Readonly<Record<string, Tensor>>;
}

/** The device that a session was to be opened on cannot be used. */
export class DeviceUnavailable extends Error {}

/** What every session of ours is opened with. */
export function sessionOptions(threads: number, device = 'cpu'): InferenceSession.SessionOptions {
  return {
    executionProviders: providersOf(device),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // Errors come back as exceptions: they and the optimiser's warnings are not for the service's log as well.
    logSeverityLevel: 4,
    // Executors share cores: a thread that spins while it waits takes them from the others.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

/**
 * Opens a graph on its device, on the CPU in its optimised form where the cache has one; one that cannot be opened is
 * thrown away.
 * @param ran told of each run
 * @throws {DeviceUnavailable} that says why, and what to do about it
 * @throws what onnxruntime says of a graph that it cannot read
 */
export async function openSession(
  request: LoadRequest,
  ran: (startMs: number, endMs: number) => void = () => {},
): Promise<Session> {
  const { device } = request;
  const { session, opening, profile } = (await openOptimised(request)) ?? (await openOriginal(request));
  const placement = createPlacement(request, profile && (() => profile.end(session).kernels));
  return {
    device,
    inputs: session.inputMetadata.map(infoOf),
    outputs: session.outputMetadata.map(infoOf),
    opening,
    async run(feeds, outputs) {
      const cpuBefore = cpuMsUsed();
      const runStart = monoNow();
      const results = await (outputs ? session.run(feeds, outputs) : session.run(feeds));
      const runEnd = monoNow();
      const cpuMs = cpuMsUsed() - cpuBefore;
      ran(runStart, runEnd);
      return { results, runStart, runEnd, cpuMs, device: placement.ranOn() };
    },
  };
}

interface Opened {
  readonly session: InferenceSession;
  readonly opening: Session['opening'];
  /** Still on where the first run is to be seen too. */
  readonly profile?: CreationProfile | undefined;
}

async function openOptimised({ optimised, threads }: LoadRequest): Promise<Opened | undefined> {
  const graph = optimised && graphOfEntry(optimised);
  if (!optimised || !graph) return undefined;
  try {
    const options = { ...sessionOptions(threads), graphOptimizationLevel: 'disabled' } as const;
    const { session, readMs } = await create(graph, options);
    return { session, opening: { readMs, optimiseMs: 0, fromCache: true } };
  } catch {
    // It is made anew from the original, which says what is wrong if that cannot be opened either.
    discardEntry(optimised);
    return undefined;
  }
}

async function openOriginal({ graph, threads, device }: LoadRequest): Promise<Opened> {
  if (device !== 'cpu') return openOnDevice(graph, threads, device);
  const { session, readMs, initMs } = await create(graph, sessionOptions(threads));
  return { session, opening: { readMs, optimiseMs: initMs, fromCache: false } };
}

/** What its creation consisted of is not known: the profile goes on, and tells of the first run where that was. */
async function openOnDevice(graph: string, threads: number, device: string): Promise<Opened> {
  // It writes what is wrong on standard error, in its own words and each time; we say it once.
  env.logLevel = 'fatal';
  const profile = startProfile();
  try {
    const options = { ...sessionOptions(threads, device), ...profile?.options };
    const session = await InferenceSession.create(graph, options);
    return { session, profile, opening: { readMs: 0, optimiseMs: 0, fromCache: false } };
  } catch (cause) {
    profile?.discard();
    await checkGraph(graph);
    throw new DeviceUnavailable(explainCuda(device, cause), { cause });
  }
}

/** A graph that cannot be opened anywhere is no fault of the device's. @throws what onnxruntime says of it */
async function checkGraph(graph: string): Promise<void> {
  const session = await InferenceSession.create(graph, {
    ...sessionOptions(1),
    graphOptimizationLevel: 'disabled',
  });
  await session.release();
}

async function create(
  graph: string,
  options: InferenceSession.SessionOptions,
): Promise<{ session: InferenceSession; readMs: number; initMs: number }> {
  const profile = startProfile();
  try {
    const session = await InferenceSession.create(graph, { ...options, ...profile?.options });
    return { session, ...(profile?.end(session) ?? { readMs: 0, initMs: 0 }) };
  } catch (error) {
    profile?.discard();
    throw error;
  }
}

/** When the runtime of this process or thread was up, before it loaded any module of ours. */
export function bootedAt(): MonoMs {
  return monoNow() - performance.now() + performance.nodeTiming.bootstrapComplete;
}

function infoOf(value: InferenceSession.ValueMetadata): TensorInfo {
  if (!value.isTensor) return { name: value.name, type: 'other', shape: [] };
  return { name: value.name, type: value.type, shape: [...value.shape] };
}

/**
 * A tensor of whole numbers >= 0 in the type that the model asks for.
 * @param values shape as `shape` says, each in [0, 2^31)
 */
export function integerTensor(type: string, values: Int32Array, shape: readonly number[]): Tensor {
  switch (type) {
    case 'int32':
      return new Tensor('int32', values, shape);
    case 'float32':
      return new Tensor('float32', Float32Array.from(values), shape);
    case 'bool':
      return new Tensor('bool', Uint8Array.from(values), shape);
    default: {
      // Two 32-bit halves a number: several times as fast as making a bigint of each.
      const wide = new BigInt64Array(values.length);
      const halves = new Int32Array(wide.buffer);
      for (let i = 0; i < values.length; i++) halves[2 * i] = values[i] as number;
      return new Tensor('int64', wide, shape);
    }
  }
}

/** Numbers of a tensor; of float16 too, which newer runtimes have an array type for. */
export type Floats = Float32Array | Float64Array;

/**
 * A tensor's numbers, whatever its float type.
 * @throws {Error} for other types
 */
export function floatsOf(tensor: Tensor): Floats {
  if (tensor.type === 'float32' || tensor.type === 'float64')
    return tensor.data as Float32Array | Float64Array;
  if (tensor.type === 'float16') return halfFloats(tensor.data as unknown as Floats | Uint16Array);
  throw new Error(`the model's output is ${tensor.type}, expected float32, float16 or float64`);
}

function halfFloats(data: Floats | Uint16Array): Floats {
  // Newer runtimes hand over a Float16Array, whose elements are numbers already; older ones the raw 16 bits.
  if (!(data instanceof Uint16Array)) return data;
  return Float32Array.from(data, halfToNumber);
}
