export { createDoor } from './admission/door.ts';
export { createBacklogEstimate } from './admission/estimate.ts';
export {
  type AdmissionLimits,
  type AdmissionState,
  type Refusal,
  type RefusalReason,
  refusalOf,
} from './admission/refusal.ts';
export { createFairOrder, type FairOrder, type TenantWeights } from './batching/fair-order.ts';
export { createLoneRuns, type LoneRuns } from './batching/lone-runs.ts';
export { partition } from './batching/partition.ts';
export {
  type BatchLimits,
  type Candidate,
  type Decision,
  type DispatchReason,
  decideBatch,
  type QueueState,
} from './batching/policy.ts';
export {
  costOf,
  createRunCostModel,
  type RunCost,
  type RunCostModel,
} from './batching/run-cost.ts';
export type { CacheCall } from './cache/cached-embed.ts';
export type { CachedModel } from './cache/cached-model.ts';
export { type Caches, createCaches } from './cache/caches.ts';
export { fingerprintOf } from './cache/fingerprint.ts';
export { type CacheOptions, checkRedisUrl, type RedisOptions } from './cache/options.ts';
export type { CachedAnswer, ResponseCache, ResponseCall } from './cache/response-cache.ts';
export { type CacheSummary, resultOf } from './cache/summary.ts';
export type { CacheMode, Resolved, ResolveOptions, TieredCache } from './cache/tiered-cache.ts';
export type { CallOptions, Priority } from './call.ts';
export { deviceForms, parseDevice } from './device/parse-device.ts';
export type { EmbedCall } from './embedding-model.ts';
export { explainCuda } from './executor/explain-cuda.ts';
export { createPlacement } from './executor/placement.ts';
export { normalizeRows, pool, type TokenVectors } from './executor/pooling.ts';
export type { FinishReason, Sampling, TensorInfo } from './executor/protocol.ts';
export { kernelsByProvider, type NodeEvent, notOnDevice, providersOf } from './executor/providers.ts';
export type { WarmRun } from './executor/warm-shapes.ts';
export type { Reader } from './generation/reader.ts';
export type { Generated, GenerateOptions } from './generation/run-generation.ts';
export { createSampler, type Sampler } from './generation/sampler.ts';
export { createRandom, sampleToken } from './generation/sampling.ts';
export { createTextStream, type TextDelta, type TextStream } from './generation/text-stream.ts';
export {
  type HookContext,
  type HookFailure,
  type HookName,
  hookFailure,
  InvalidInput,
  type PipelineHooks,
} from './hooks/contract.ts';
export { hookError } from './hooks/hook-error.ts';
export type { LoadPhase } from './load/phases.ts';
export { type LoadReport, tellSpans } from './load/tell-load.ts';
export { type ChatMessage, type ChatTemplate, loadChatTemplate } from './model/chat-template.ts';
export { type ModelDirectory, readModelDirectory } from './model/directory.ts';
export type { PoolingMode } from './model/pooling-config.ts';
export { type Encoded, encodedFromIds, loadTokenizer, type Tokenizer } from './model/tokenizer.ts';
export {
  chooseVariant,
  describeVariants,
  type GraphVariant,
  listVariants,
  type Processor,
} from './model/variants.ts';
export {
  type EmbeddingModel,
  type GenerativeModel,
  loadModel,
  type Model,
  openModel,
  type TensorModel,
} from './model.ts';
export {
  describeRange,
  type ExecutorKind,
  executorKinds,
  isInRange,
  type ModelOptions,
  modelOptionRanges,
  type NumberRange,
  resolveModelOptions,
} from './options.ts';
export { type StartedModel, type StartOptions, startModel } from './started-model.ts';
export { checkShape, checkTensors, elementCount, inputNamed } from './tensor/check.ts';
export { halfToNumber, numberToHalf } from './tensor/half.ts';
export { type TensorData, type Tensors, type TypedArray, tensorArrays } from './tensor/types.ts';
export type { InferOptions } from './tensor-model.ts';
