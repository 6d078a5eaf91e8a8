import { monoNow } from '@inferometer/core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { halfToNumber } from '../tensor/half.ts';
import type { LoadRequest, TensorInfo } from './protocol.ts';

/** An open model and what it takes and gives. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** @param outputs names of those wanted. @default all */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    outputs?: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>>;
}

/**
 * Opens a graph on the CPU.
 * @param ran told of each run
 * @throws what onnxruntime says of a graph that it cannot read
 */
export async function openSession(
  request: LoadRequest,
  ran: (startMs: number, endMs: number) => void = () => {},
): Promise<Session> {
  const session = await InferenceSession.create(request.graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: request.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // Errors come back as exceptions; warnings of the optimiser are not for the service's log.
    logSeverityLevel: 3,
    // Executors share cores: a thread that spins while it waits takes them from the others.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  return {
    inputs: session.inputMetadata.map(infoOf),
    outputs: session.outputMetadata.map(infoOf),
    async run(feeds, outputs) {
      const start = monoNow();
      const results = await (outputs ? session.run(feeds, outputs, quietly) : session.run(feeds));
      ran(start, monoNow());
      return results;
    },
  };
}

/** What is wrong with a request's own tensors is the request's to hear, not the log's. */
const quietly = { logSeverityLevel: 4 } as const;

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
