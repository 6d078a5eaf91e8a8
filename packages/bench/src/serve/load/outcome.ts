/** What one load gave, request by request. */
export interface Outcome {
  /** Measured time, s. */
  readonly seconds: number;
  /** Shape [requests]; of an open loop from the time at which the request was due. */
  readonly latenciesMs: Float64Array;
  /** HTTP status of each, 0 where the connection broke: shape [requests]. */
  readonly statuses: Uint16Array;
  /** How late each was sent, by the load generator's own fault: shape [requests]; empty for a closed loop. */
  readonly latenessMs: Float64Array;
  /** CPU of the load generator in the measured time. */
  readonly cpuSeconds: number;
  readonly samples: readonly Sample[];
  /** All requests, those of the warm-up included. */
  readonly sent: number;
}

/** An answer that was kept, to be compared. */
export interface Sample {
  /** Index of the request. */
  readonly request: number;
  readonly status: number;
  readonly body: string;
}
