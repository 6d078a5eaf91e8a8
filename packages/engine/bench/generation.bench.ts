/**
 * Tokens a second of N concurrent generations in one executor: with steps that they share, and in turns. Usage:
 * `node packages/engine/bench/generation.bench.ts [graph.onnx] [tokens]`
 */
import { join } from 'node:path';
import { createDecoder, type Decoder } from '../src/executor/decode.ts';
import { createScheduler } from '../src/executor/scheduler.ts';
import { openSession } from '../src/executor/session.ts';

const graph = process.argv[2] ?? join(import.meta.dirname, '../../server/models/nickname-lm/model.onnx');
const tokens = Number(process.argv[3] ?? 64);
const rounds = 5;

/** Prompts of 4 to 24 tokens, all at once. @returns seconds until the last one is over */
function generate(decoder: Decoder, count: number, together: boolean): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    let left = count;
    const scheduler = createScheduler({
      decoder,
      abilities: { together, pieces: true },
      eosTokenIds: [],
      reply(message) {
        if (message.type === 'failed') reject(new Error(message.message));
        if (message.type !== 'stepped') return;
        left -= message.rows.filter((row) => row.end !== undefined).length;
        if (left === 0) resolve((performance.now() - start) / 1000);
      },
    });
    for (let id = 0; id < count; id++) {
      const prompt = Int32Array.from(
        { length: 4 + ((id * 7) % 21) },
        (_, i) => 1 + ((id * 31 + i * 17) % 1000),
      );
      const sampling = { maxTokens: tokens, temperature: 0, topK: 0, topP: 1, seed: id };
      scheduler.start({ type: 'generate', id, prompt, sampling });
    }
  });
}

const session = await openSession({
  type: 'load',
  graph,
  threads: 1,
  pooling: [],
  eosTokenIds: [],
});
const decoder = createDecoder(session);
await generate(decoder, 8, true);
console.log(
  `| generations | in turns, tokens/s | shared steps, tokens/s | ratio |\n| --- | --- | --- | --- |`,
);
for (const count of [1, 2, 4, 8, 16, 32]) {
  const best = { turns: Number.POSITIVE_INFINITY, shared: Number.POSITIVE_INFINITY };
  // Side by side, round by round: what else the machine does meets both.
  for (let round = 0; round < rounds; round++) {
    best.turns = Math.min(best.turns, await generate(decoder, count, false));
    best.shared = Math.min(best.shared, await generate(decoder, count, true));
  }
  const rate = (seconds: number): number => (count * tokens) / seconds;
  const [turns, shared] = [rate(best.turns), rate(best.shared)];
  console.log(`| ${count} | ${turns.toFixed(0)} | ${shared.toFixed(0)} | ${(shared / turns).toFixed(2)} |`);
}
