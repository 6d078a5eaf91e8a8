import { deserialize, serialize } from 'node:v8';
import { type MonoMs, monoNow } from '@inferometer/core/base';
import { type HookContext, type HookFailure, hookFailure, type PipelineHooks } from '../hooks/contract.ts';
import { checkTensors, outputsFor } from '../tensor/check.ts';
import { groupOf, rowsOf } from '../tensor/rows.ts';
import { isRunFailure } from '../tensor/run-failure.ts';
import type { Tensors } from '../tensor/types.ts';
import type { PipelinedReply, PipelineRequest, PipelineResult, PipelineRun, RunFailure } from './protocol.ts';
import { runRows } from './run-rows.ts';
import type { Session } from './session.ts';

/** Runs requests through the hooks of a module and the model between them. */
export interface Pipeline {
  run(request: PipelineRequest): Promise<PipelinedReply>;
}

/** One request on its way through. */
interface Item {
  readonly input: unknown;
  readonly preprocessStart: MonoMs;
  readonly preprocessEnd: MonoMs;
  readonly made: Tensors | HookFailure;
  outputs?: Tensors | RunFailure;
  run?: number;
}

export function createPipeline(session: Session, hooks: PipelineHooks): Pipeline {
  const context: HookContext = { inputs: session.inputs, outputs: session.outputs };
  const outputs = outputsFor(session.outputs);

  const preprocess = async (bytes: Uint8Array): Promise<Item> => {
    const preprocessStart = monoNow();
    const input: unknown = deserialize(bytes);
    let made: Tensors | HookFailure;
    try {
      made = hooks.preprocess ? await hooks.preprocess(input, context) : (input as Tensors);
      checkMade(made, context);
    } catch (error) {
      made = hookFailure('preprocess', error);
    }
    return { input, made, preprocessStart, preprocessEnd: monoNow() };
  };

  const postprocess = async ({ made, outputs: given, input }: Item): Promise<PipelineResult['answer']> => {
    if (isHookFailure(made)) return made;
    if (given === undefined || isRunFailure(given)) {
      return given ?? { runFailed: true, message: 'the request was in no run', invalidInput: false };
    }
    try {
      const answer = hooks.postprocess ? await hooks.postprocess(given, { ...context, input }) : given;
      return serialize(answer);
    } catch (error) {
      return hookFailure('postprocess', error);
    }
  };

  return {
    async run({ id, inputs, joins }) {
      // Side by side, so that hooks that wait for something wait together; those that compute do so in turn.
      const items = await Promise.all(inputs.map(preprocess));
      const runs: PipelineRun[] = [];
      for (const group of groupsOf(items, outputs, joins)) {
        const tensors = group.map((item) => item.made as Tensors);
        const { results, ...run } = await runRows(session, tensors, outputs);
        group.forEach((item, index) => {
          item.outputs = results[index] as Tensors | RunFailure;
          item.run = runs.length;
        });
        runs.push({ rows: tensors.reduce((sum, one) => sum + (rowsOf(one) ?? 1), 0), ...run });
      }
      const answers = await Promise.all(items.map(postprocess));
      return {
        type: 'pipelined',
        id,
        runs,
        replied: monoNow(),
        results: items.map(({ preprocessStart, preprocessEnd, run }, index) => ({
          answer: answers[index] as PipelineResult['answer'],
          preprocessStart,
          preprocessEnd,
          ...(run === undefined ? {} : { run }),
        })),
      };
    },
  };
}

/** What a hook made is its own to answer for: a wrong shape is not the caller's. */
function checkMade(made: Tensors, context: HookContext): void {
  if (typeof made !== 'object' || made === null)
    throw new Error(`expected tensors by name, got ${typeof made}`);
  try {
    checkTensors(made, context.inputs, { allowNonFinite: true });
  } catch (error) {
    const { field, message } = error as { field?: string; message: string };
    throw new Error(
      `what it made does not fit the model: ${field === undefined ? '' : `${field}: `}${message}`,
    );
  }
}

/** Requests that share a run, in the order in which they came. */
function groupsOf(items: readonly Item[], outputs: readonly string[], joins: boolean): Item[][] {
  const groups = new Map<string | Item, Item[]>();
  for (const item of items) {
    if (isHookFailure(item.made)) continue;
    const key = joins && rowsOf(item.made) !== undefined ? groupOf(item.made, outputs) : item;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

function isHookFailure(made: Tensors | HookFailure): made is HookFailure {
  return typeof (made as HookFailure).hook === 'string';
}
