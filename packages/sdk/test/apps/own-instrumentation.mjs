// Has an instrumentation of its own, which asks for its module after the start: with hooks on a thread of their own
// (`wait`), that takes a moment.
import { setTimeout } from 'node:timers/promises';
import { InstrumentationBase, InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';

class OwnInstrumentation extends InstrumentationBase {
  constructor() {
    super('own', '1.0.0', {});
  }
  init() {
    return new InstrumentationNodeModuleDefinition('express', ['*'], (exports) => {
      process.stdout.write('patched\n');
      return exports;
    });
  }
}

const isWrapped = (name) => import.meta.resolve(name).includes('iitm');
const before = isWrapped('express');
new OwnInstrumentation();
if (process.argv[2] === 'wait') while (!isWrapped('express')) await setTimeout(10);
await import('express');
process.stdout.write(
  `${JSON.stringify({ before, after: isWrapped('express'), other: isWrapped('express4') })}\n`,
);
