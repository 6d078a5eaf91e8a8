/** How often the main thread's heart beats, and the worker looks at it. */
export const heartbeatMs = 20;
