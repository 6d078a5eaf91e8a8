// Loads nothing but this package and the API: prints what was resolved and what came back.
import { registerHooks } from 'node:module';

const packages = new Set();
registerHooks({
  resolve(specifier, context, next) {
    if (/^[@a-z]/.test(specifier) && !specifier.startsWith('node:') && !specifier.startsWith('file:')) {
      packages.add(specifier);
    }
    return next(specifier, context);
  },
});
const { trace: traceApi } = await import('@opentelemetry/api');
const { activeTrace, batch, createTelemetry, installTelemetry, mark, phase, setAttributes, trace } =
  await import('@inferometer/core');

const results = {};
const use = (name) => {
  const object = { name };
  const promise = Promise.resolve(object);
  results[name] = trace('work', (it) => {
    it.model = 'm';
    it.enter('run');
    it.wroteOutput();
    it.end({ status: 200 });
    mark('here');
    setAttributes({ a: 1 });
    return {
      sameObject: phase('run', () => object) === object,
      samePromise: phase('run', () => promise) === promise,
      sameBatch: batch({ requests: [it] }, () => object) === object,
      active: activeTrace() === undefined,
      span: traceApi.getActiveSpan() === undefined,
      model: it.model ?? null,
    };
  });
};
// Off: nothing is recorded, and nothing is wrapped.
use('off');
// On, but without a context manager: requests are recorded, and nobody knows which one is the present one.
const records = [];
installTelemetry(createTelemetry({ observers: [{ requestEnded: (record) => records.push(record) }] }));
results.value = trace('work', (it) => {
  it.enter('run');
  return phase('inner', () => 'value');
});
results.record = records.map(({ fnName, totals }) => [fnName, totals.map(({ name }) => name)]);
process.stdout.write(JSON.stringify({ packages: [...packages].sort(), results }));
