/** For modules of hooks, which executors load: without the server around it. */
export {
  type HookContext,
  InvalidInput,
  type PipelineHooks,
  type TensorData,
  type TensorInfo,
  type Tensors,
} from '@inferometer/engine/hooks';
