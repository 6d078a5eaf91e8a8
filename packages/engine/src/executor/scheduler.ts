import { messageOf, monoNow } from '@inferometer/core/base';
import type { DecoderAbilities } from './batch-probe.ts';
import type { Decoder } from './decode.ts';
import type { PastRow } from './past.ts';
import type { ExecutorReply, GenerateRequest, SteppedReply, SteppedRow } from './protocol.ts';
import { createRunningGeneration, type RunningGeneration } from './running-generation.ts';
import type { Floats } from './session.ts';
import { planStep, type StepLimits, type StepPlan } from './step-plan.ts';

/**
 * Runs generations side by side: between any two model runs they come, go, rest and go on. Those whose text has begun
 * share each decode step where the model's graph lets them, else they take turns.
 */
export interface GenerationScheduler {
  start(request: GenerateRequest): void;
  /** Ends a generation before the next model run. */
  cancel(id: number): void;
  /** Leaves a generation out of model runs, or takes it in again; it keeps its place. */
  rest(id: number, isResting: boolean): void;
}

/** So many tokens of a prompt hold up the texts that have begun for about as long as a few of their own steps. */
const prefillTokens = 256;

export interface SchedulerOptions {
  readonly decoder: Decoder;
  readonly abilities: DecoderAbilities;
  readonly eosTokenIds: readonly number[];
  /** Where tokens go as they come. */
  readonly reply: (message: ExecutorReply) => void;
}

export function createScheduler(options: SchedulerOptions): GenerationScheduler {
  const { decoder, abilities, reply } = options;
  const limits: StepLimits = {
    rows: abilities.together ? Number.POSITIVE_INFINITY : 1,
    prefillTokens,
    pieces: abilities.pieces,
  };
  const running: RunningGeneration[] = [];
  let prefilled = 0;
  let looping = false;

  const remove = (generation: RunningGeneration): void => {
    const at = running.indexOf(generation);
    if (at >= 0) running.splice(at, 1);
  };

  const fail = (generation: RunningGeneration, error: unknown): void => {
    generation.isOver = true;
    reply({ type: 'failed', id: generation.id, message: messageOf(error) });
  };

  /** A past that is shared would live as long as the rest does. */
  const detachResting = (): void => {
    for (const generation of running) {
      if (generation.isResting && generation.row.past.rows > 1)
        generation.row = decoder.detach(generation.row);
    }
  };

  const dropCancelled = (): void => {
    for (const generation of running.filter((it) => it.isCancelled)) {
      remove(generation);
      reply({ type: 'cancelled', id: generation.id });
    }
  };

  const loop = async (): Promise<void> => {
    if (looping) return;
    looping = true;
    for (;;) {
      dropCancelled();
      detachResting();
      const plan = planStep(running, prefilled, limits);
      if (!plan) break;
      prefilled = plan.phase === 'prefill' ? prefilled + plan.fresh : 0;
      await run(plan);
      // Lets new generations, cancellations and rests in between two runs.
      await new Promise((resolve) => setImmediate(resolve));
    }
    looping = false;
  };

  const run = async (plan: StepPlan): Promise<void> => {
    try {
      reply(await stepped(plan));
    } catch (error) {
      for (const generation of plan.generations) fail(generation, error);
    }
    for (const generation of plan.generations) {
      // Whoever had a turn goes to the end, where they take turns; where all step together the order stays.
      if (generation.isOver || !abilities.together) remove(generation);
      if (!generation.isOver && !abilities.together) running.push(generation);
    }
  };

  const stepped = async ({ phase, generations, fresh }: StepPlan): Promise<SteppedReply> => {
    const tokens = new Int32Array(generations.length * fresh);
    generations.forEach(({ pending }, row) => {
      tokens.set(pending.subarray(0, fresh), row * fresh);
    });
    const { rows, logits, runStart, runEnd, cpuMs, device } = await decoder.step(
      generations.map(({ row }) => row),
      tokens,
    );
    const told: SteppedRow[] = [];
    generations.forEach((generation, row) => {
      try {
        told.push(generation.advance(rows[row] as PastRow, fresh, logits[row] as Floats));
      } catch (error) {
        // Not a failure of those beside it.
        fail(generation, error);
      }
    });
    const columns = rows[0]?.past.columns ?? 1;
    const filled = rows.reduce((sum, { length }) => sum + length, 0);
    return {
      type: 'stepped',
      phase,
      rows: told,
      fresh,
      paddingRatio: 1 - filled / (columns * rows.length),
      times: { runStart, runEnd, cpuMs, device, drawn: monoNow() },
    };
  };

  return {
    start(request) {
      running.push(createRunningGeneration(request, decoder.empty, options.eosTokenIds));
      void loop();
    },
    cancel(id) {
      const generation = running.find((it) => it.id === id);
      if (!generation) return;
      generation.isCancelled = true;
      void loop();
    },
    rest(id, isResting) {
      const generation = running.find((it) => it.id === id);
      if (!generation || generation.isResting === isResting) return;
      generation.isResting = isResting;
      void loop();
    },
  };
}
