import { echoTextOperation } from '../apps/echo-text.ts';
import { fileHeavyOperation } from '../apps/file-heavy.ts';
import { imageOperation } from '../apps/image/image-route.ts';
import { appsListOperation } from '../apps/list.ts';
import { llmChatOperation } from '../apps/llm-chat-operation.ts';
import { statefulCounterOperations } from '../apps/stateful-counter.ts';
import { chatOperation } from '../chat-operation.ts';
import { completionsOperation } from '../completion-operation.ts';
import { healthOperations } from '../health.ts';
import { modelsOperations } from '../models-route.ts';
import { nicknamesOperation } from '../nicknames-route.ts';
import { oipOperations } from '../oip/operations.ts';
import { embeddingsOperation } from '../openai-embeddings.ts';
import { repositoryOperations } from '../repository-route.ts';
import { embedOperation } from '../tei.ts';
import { teiInfoOperations } from '../tei-info.ts';
import type { Operation } from './operation.ts';
import { openApiOperation } from './route.ts';
import { metricsOperation, profilingOperations } from './telemetry-operations.ts';

/** Every endpoint of the main port. A route that is not here fails a test, and so does an entry without a route. */
export const operations: readonly Operation[] = [
  ...modelsOperations,
  embeddingsOperation,
  completionsOperation,
  chatOperation,
  embedOperation,
  ...teiInfoOperations,
  ...oipOperations,
  ...repositoryOperations,
  appsListOperation,
  echoTextOperation,
  fileHeavyOperation,
  imageOperation,
  llmChatOperation,
  ...statefulCounterOperations,
  nicknamesOperation,
  ...healthOperations,
  metricsOperation,
  openApiOperation,
  ...profilingOperations,
];
