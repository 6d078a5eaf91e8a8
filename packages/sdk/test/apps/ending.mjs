// Makes a span, then ends in the way that its argument names.
import { trace } from '@opentelemetry/api';

const [how, code] = process.argv.slice(2);
trace.getTracer('ending').startSpan(`before ${how}`).end();

const ready = () => process.stdout.write('ready\n');
const stayAlive = () => setInterval(() => {}, 1000);

const ways = {
  idle: () => {
    process.exitCode = Number(code);
  },
  exit: () => process.exit(Number(code)),
  throw: () => {
    throw new Error('nobody catches this');
  },
  reject: () => {
    Promise.reject(new Error('nobody handles this'));
    stayAlive();
  },
  wait: () => {
    stayAlive();
    ready();
  },
  // As servers do: finish what is open, then let the process end by itself.
  drain: () => {
    const timer = stayAlive();
    process.once('SIGTERM', () => {
      trace.getTracer('ending').startSpan('while draining').end();
      clearInterval(timer);
      process.exitCode = Number(code);
    });
    ready();
  },
  ignore: () => {
    stayAlive();
    process.on('SIGTERM', () => process.stdout.write('ignored\n'));
    ready();
  },
  // What the package signal-exit does: it ends the process if it is the only one that listens.
  'signal-exit': () => {
    stayAlive();
    const listener = () => {
      if (process.listeners('SIGTERM').length > 1) return;
      process.off('SIGTERM', listener);
      process.kill(process.pid, 'SIGTERM');
    };
    process.on('SIGTERM', listener);
    ready();
  },
};
ways[how]();
