import { setPriority } from 'node:os';
import { messageOf } from '@inferometer/core/base';
import { InferenceSession } from 'onnxruntime-node';
import { writeEntry } from '../model-cache/write-entry.ts';
import { sessionOptions } from './session.ts';

/** A process that puts the optimised form of one graph into the cache and ends: `optimise-main.js GRAPH ENTRY`. */

const [graph = '', entry = ''] = process.argv.slice(2);
try {
  setPriority(19);
} catch {
  // The system has no priorities.
}

try {
  await writeEntry(entry, graph, async (optimised, weights) => {
    const options = sessionOptions(1);
    const written = await InferenceSession.create(graph, {
      ...options,
      optimizedModelFilePath: optimised,
      extra: {
        session: {
          intra_op: { allow_spinning: '0' },
          optimized_model_external_initializers_file_name: weights,
          optimized_model_external_initializers_min_size_in_bytes: '1024',
          // Packed as the kernels want them: no executor does it again, and all of them share the pages.
          save_external_prepacked_constant_initializers: '1',
        },
      },
    });
    await written.release();
    const reopened = await InferenceSession.create(optimised, {
      ...options,
      graphOptimizationLevel: 'disabled',
    });
    await reopened.release();
  });
} catch (error) {
  process.stderr.write(messageOf(error).replaceAll('\n', ' '));
  process.exitCode = 1;
}
