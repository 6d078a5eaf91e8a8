import { createRequire } from 'node:module';
import type * as sdkNode from '@opentelemetry/sdk-node';
import type { StockParts } from './start-providers.ts';

/**
 * Starts the stock SDK whole. Loaded only where it is asked for: it brings every exporter there is with it.
 * @returns what ends it
 */
export function startNodeSdk(parts: StockParts): () => Promise<void> {
  const { NodeSDK } = createRequire(import.meta.url)('@opentelemetry/sdk-node') as typeof sdkNode;
  const sdk = new NodeSDK({
    ...parts,
    autoDetectResources: false,
    // Log records are for a later day: without this the SDK would send them to a Collector on localhost.
    logRecordProcessors: [],
  });
  sdk.start();
  return () => sdk.shutdown();
}
