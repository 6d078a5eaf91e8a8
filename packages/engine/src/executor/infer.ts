import { monoNow } from '@inferometer/core/base';
import type { InferRequest, InferredReply } from './protocol.ts';
import { runRows } from './run-rows.ts';
import type { Session } from './session.ts';

/** Runs named tensors through a model of any kind. */
export async function infer(session: Session, request: InferRequest): Promise<InferredReply> {
  const run = await runRows(session, request.items, request.outputs);
  return { type: 'inferred', id: request.id, ...run, replied: monoNow() };
}
