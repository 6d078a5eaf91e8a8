export {
  type HookContext,
  InvalidInput,
  type Model,
  type ModelOptions,
  type TensorData,
  type TensorInfo,
  type Tensors,
} from '@inferometer/engine';
export {
  type ModelInput,
  type Pipeline,
  type PipelineContext,
  type PipelineOptions,
  pipeline,
} from './pipeline/pipeline.ts';
export { type ServeSettings, serve } from './pipeline/serve.ts';
export type { StandardSchema } from './pipeline/standard-schema.ts';
export type { Serving } from './service.ts';
