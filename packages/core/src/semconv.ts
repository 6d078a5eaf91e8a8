/** All telemetry names in one place. A test lints prefix and unit. */

/** Phases of a request, in the order of its life. `unattributed` is what is left of the total. */
export const PHASES = [
  'admission',
  'preprocess',
  'queue',
  'batch',
  'transfer',
  'run',
  'postprocess',
  'stream',
  'unattributed',
] as const;

export type PhaseName = (typeof PHASES)[number];

/**
 * Phases of a model's load and of a cold start: starting processes, loading modules, reading and parsing the graph,
 * optimising it (with what onnxruntime does in the same step), the rest of opening the session, loading hooks and trying
 * out what the model can do, waiting for the main process, the first run, further runs and whatever else a model needs.
 */
export const LOAD_PHASES = [
  'process',
  'imports',
  'read',
  'optimise',
  'session',
  'prepare',
  'wait',
  'first_run',
  'warm_up',
] as const;

export type LoadPhaseName = (typeof LOAD_PHASES)[number];

/** Prometheus metric names; the unit is the suffix. */
export const METRIC = {
  requestDuration: 'inference_request_duration_seconds',
  phaseDuration: 'inference_phase_duration_seconds',
  requests: 'inference_requests_total',
  phaseTime: 'inference_phase_seconds_total',
  requestsInFlight: 'inference_requests_in_flight',
  requestsRejected: 'inference_requests_rejected_total',
  queueDepth: 'inference_queue_depth',
  queueDepthAtArrival: 'inference_queue_depth_at_arrival',
  queueCapacity: 'inference_queue_capacity',
  batchSize: 'inference_batch_size',
  batchTokens: 'inference_batch_tokens',
  batchPaddingRatio: 'inference_batch_padding_ratio',
  batchDispatches: 'inference_batch_dispatches_total',
  batchRuns: 'inference_batch_runs_total',
  batchRunTime: 'inference_batch_run_seconds_total',
  batchSizeLimit: 'inference_batch_size_limit',
  deviceTime: 'inference_device_time_seconds_total',
  cpuTime: 'inference_cpu_seconds_total',
  tokens: 'inference_tokens_total',
  kvCacheUtilization: 'inference_kv_cache_utilization_ratio',
  generationSlots: 'inference_generation_slots',
  executors: 'inference_executors',
  runDuration: 'inference_run_duration_seconds',
  executorUtilization: 'inference_executor_utilization_ratio',
  executorCpu: 'inference_executor_cpu_seconds_total',
  executorMemory: 'inference_executor_memory_bytes',
  executorRestarts: 'inference_executor_restarts_total',
  cgroupCpuLimit: 'inference_cgroup_cpu_limit_cores',
  cgroupCpu: 'inference_cgroup_cpu_seconds_total',
  cgroupCpuPeriods: 'inference_cgroup_cpu_periods_total',
  cgroupCpuThrottledPeriods: 'inference_cgroup_cpu_throttled_periods_total',
  cgroupCpuThrottled: 'inference_cgroup_cpu_throttled_seconds_total',
  cgroupMemoryLimit: 'inference_cgroup_memory_limit_bytes',
  cgroupMemory: 'inference_cgroup_memory_usage_bytes',
  cgroupMemoryWorkingSet: 'inference_cgroup_memory_working_set_bytes',
  cgroupMemoryEvents: 'inference_cgroup_memory_events_total',
  pressureStalled: 'inference_pressure_stalled_seconds_total',
  cacheRequests: 'inference_cache_requests_total',
  cacheWrites: 'inference_cache_writes_total',
  cacheEvictions: 'inference_cache_evictions_total',
  cacheBytes: 'inference_cache_bytes',
  cacheEntries: 'inference_cache_entries',
  cacheBreakerState: 'inference_cache_breaker_state',
  modelLoad: 'inference_model_load_seconds',
  coldStart: 'inference_cold_start_seconds',
  genAiRequestDuration: 'gen_ai_server_request_duration_seconds',
  genAiTimeToFirstToken: 'gen_ai_server_time_to_first_token_seconds',
  genAiTimePerOutputToken: 'gen_ai_server_time_per_output_token_seconds',
  httpServerDuration: 'http_server_request_duration',
  dbClientDuration: 'db_client_operation_duration',
  eventLoopBlocked: 'inference_eventloop_blocked_seconds',
  eventLoopCurrentBlock: 'inference_eventloop_current_block_seconds',
  traceDecisions: 'inferometer_traces_total',
  telemetryCost: 'inferometer_telemetry_cost_seconds_total',
  spansPending: 'inferometer_spans_pending',
  spansExported: 'inferometer_spans_exported_total',
  spansDropped: 'inferometer_spans_dropped_total',
  buildInfo: 'inferometer_build_info',
  hwGpuUtilization: 'hw_gpu_utilization_ratio',
  hwGpuMemoryUsage: 'hw_gpu_memory_usage_bytes',
  hwGpuMemoryLimit: 'hw_gpu_memory_limit_bytes',
  hwGpuMemoryUtilization: 'hw_gpu_memory_utilization_ratio',
  hwGpuIo: 'hw_gpu_io_bytes_total',
  hwPower: 'hw_power_watts',
  hwEnergy: 'hw_energy_joules_total',
  hwTemperature: 'hw_temperature_celsius',
  hwErrors: 'hw_errors_total',
  hwStatus: 'hw_status',
  gpuInfo: 'inference_gpu_info',
  gpuClock: 'inference_gpu_clock_hertz',
  gpuPcieThroughput: 'inference_gpu_pcie_throughput_bytes_per_second',
  gpuThrottled: 'inference_gpu_throttled',
  gpuProcessMemory: 'inference_gpu_process_memory_bytes',
  gpuProcessUtilization: 'inference_gpu_process_utilization_ratio',
  gpuNvlink: 'inference_gpu_nvlink_bytes_total',
  gpuUtilization: 'inference_gpu_utilization_ratio',
  gpuMemoryUtilization: 'inference_gpu_memory_utilization_ratio',
  energy: 'inference_energy_joules_total',
  gpuPoll: 'inferometer_gpu_poll_seconds',
  gpuPollFailures: 'inferometer_gpu_poll_failures_total',
} as const;

/** Span names. A phase's span is `inference.<phase>`. */
export const SPAN = {
  batchRun: 'inference.batch.run',
  prefill: 'inference.prefill',
  decode: 'inference.decode',
  modelLoad: 'inference.model.load',
  modelOptimise: 'inference.model.optimise',
  coldStart: 'inference.cold_start',
} as const;

/** Attribute keys of spans. */
export const ATTR = {
  phase: 'inference.phase',
  phaseCount: 'inference.phase.count',
  phaseActiveMs: 'inference.phase.active_ms',
  model: 'inference.model',
  tenant: 'inference.tenant',
  eventId: 'inference.event_id',
  session: 'inference.session',
  unattributedMs: 'inference.unattributed_ms',
  ttftMs: 'inference.time_to_first_token_ms',
  iterations: 'inference.iterations',
  batchId: 'inference.batch.id',
  batchSize: 'inference.batch.size',
  batchTokens: 'inference.batch.tokens',
  batchReason: 'inference.batch.dispatch_reason',
  batchPaddingRatio: 'inference.batch.padding_ratio',
  deviceMsShare: 'inference.batch.device_ms_share',
  deviceMs: 'inference.device_ms',
  /** Where models ran, such as `cpu` or `cuda:0`. */
  device: 'inference.device',
  /** CPU that executors took for its part of model runs. */
  cpuMs: 'inference.cpu_ms',
  executor: 'inference.executor',
  /** Whether a graph came optimised from the cache on disk. */
  fromCache: 'inference.model.from_cache',
  /** How caches answered a request: `hit`, `stale` or `miss`, the worst of its inputs. */
  cacheResult: 'inference.cache.result',
  cacheHits: 'inference.cache.hits',
  cacheStale: 'inference.cache.stale',
  cacheMisses: 'inference.cache.misses',
  /** Inputs that got the result of the same input, of another request or of this one. */
  cacheCoalesced: 'inference.cache.coalesced',
  /** Time that a request waited for a remote cache. */
  cacheWaitMs: 'inference.cache.wait_ms',
  /** Why a trace was exported: `error`, `slow`, `exemplar`, `ratio`. */
  keepReason: 'inference.sampling.reason',
  /** Whether a trace is one that tail sampling must keep. */
  keep: 'inference.sampling.keep',
  /** Calls of phase() without a span of their own. */
  skippedPhases: 'inference.phases.skipped',
  errorType: 'error.type',
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  urlPath: 'url.path',
  protocolVersion: 'network.protocol.version',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  clientAddress: 'client.address',
  userAgent: 'user_agent.original',
  urlScheme: 'url.scheme',
  genAiOperation: 'gen_ai.operation.name',
  genAiRequestModel: 'gen_ai.request.model',
  genAiOutputTokens: 'gen_ai.usage.output_tokens',
} as const;

/** Default bounds of the classic histograms, in the metric's own unit. */
export const BOUNDS = {
  /** Seconds: 0.5 ms to 30 s; a request on a small model is a few milliseconds. */
  duration: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
  /** Seconds: phases start at 10 µs, where tokenising lies. */
  phase: [
    0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30,
  ],
  depth: [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
  batchSize: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  tokens: [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768],
  ratio: [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  /** Seconds: the driver answers within a millisecond, or measures for 20 ms at a time. */
  gpuPoll: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
  load: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120],
  /** Bounds that the HTTP conventions advise. */
  httpServer: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  /** Bounds that the database conventions advise. */
  dbClient: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  /** Bounds of the GenAI conventions (semantic-conventions-genai). */
  genAiRequestDuration: [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
  ],
  genAiTimeToFirstToken: [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
  ],
  genAiTimePerOutputToken: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
} as const;
