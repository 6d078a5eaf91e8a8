import { z } from 'zod';

/** https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol, with Triton's binary extension. */

const parameters = z.record(z.string(), z.unknown(), 'expected an object').nullish();
const name = z.string('expected a name').min(1, 'expected a name');
const size = z.int('expected a whole number of bytes').min(0, 'expected a whole number of bytes').optional();
const flag = z.boolean('expected true or false').optional();

const input = z.object(
  {
    name,
    datatype: z.string('expected a datatype such as FP32'),
    shape: z.array(z.number('expected a size'), 'expected an array of sizes'),
    parameters,
    data: z.unknown().optional(),
  },
  'expected an object',
);

const output = z.object({ name, parameters }, 'expected an object');

type Parameters = Readonly<Record<string, unknown>> | null | undefined;

/** Body of an inference request: all of it, or what is before the binary data. */
export interface InferBody {
  readonly id?: string | null | undefined;
  readonly parameters?: Parameters;
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly parameters?: Parameters;
    readonly data?: unknown;
  }[];
  readonly outputs?:
    | readonly { readonly name: string; readonly parameters?: Parameters }[]
    | null
    | undefined;
}

export const inferSchema: z.ZodType<InferBody> = z.object(
  {
    id: z.string('expected a string').nullish(),
    parameters,
    inputs: z.array(input, 'expected an array of tensors'),
    outputs: z.array(output, 'expected an array of outputs').nullish(),
  },
  'expected a JSON object',
);

/** Parameters that are understood; others are left aside, as the protocol allows. */
export interface RequestParameters {
  readonly binary_data_output?: boolean | undefined;
  /** Microseconds; 0 for the model's own. */
  readonly timeout?: number | undefined;
  /** 1 leaves first; 0 is the default. */
  readonly priority?: number | undefined;
  readonly sequence_id?: number | string | undefined;
  /** Ours: lets NaN and infinities through to the model. */
  readonly allow_non_finite?: boolean | undefined;
}

export const requestParameters: z.ZodType<RequestParameters> = z.object({
  binary_data_output: flag,
  timeout: z.number('expected microseconds >= 0').min(0, 'expected microseconds >= 0').optional(),
  priority: z.int('expected an integer >= 0').min(0, 'expected an integer >= 0').optional(),
  sequence_id: z.union([z.number(), z.string()], 'expected a number or a string').optional(),
  allow_non_finite: flag,
});

export interface InputParameters {
  readonly binary_data_size?: number | undefined;
  readonly shared_memory_region?: unknown;
}

export const inputParameters: z.ZodType<InputParameters> = z.object({
  binary_data_size: size,
  shared_memory_region: z.unknown().optional(),
});

export interface OutputParameters {
  readonly binary_data?: boolean | undefined;
  readonly classification?: unknown;
  readonly shared_memory_region?: unknown;
}

export const outputParameters: z.ZodType<OutputParameters> = z.object({
  binary_data: flag,
  classification: z.unknown().optional(),
  shared_memory_region: z.unknown().optional(),
});
