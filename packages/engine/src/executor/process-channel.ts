import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  type Channel,
  type ChannelEvents,
  type ChannelOptions,
  closeLimitMs,
  entry,
  niceness,
} from './channel.ts';
import type { ExecutorReply } from './protocol.ts';

/** Starts an executor as a process of its own: it survives nothing that kills it, and nothing else does not survive it. */
export function startProcessChannel(options: ChannelOptions, events: ChannelEvents): Channel {
  const env = { ...process.env };
  // The parent's instrumentation is not the executor's.
  delete env.NODE_OPTIONS;
  const { cpus } = options;
  const child = fork(fileURLToPath(entry), [], {
    serialization: 'advanced',
    // Node cannot pin a process; taskset (util-linux) does, and then becomes it.
    ...(cpus
      ? { execPath: 'taskset', execArgv: ['-c', cpus.join(','), process.execPath] }
      : { execArgv: [] }),
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  lowerPriority(child.pid);
  child.on('message', (reply: ExecutorReply) => events.onMessage(reply));
  child.once('error', events.onError);
  child.once('exit', (code, signal) => {
    events.onEnd({ how: signal ? `was killed by ${signal}` : `exited with code ${code}` });
  });
  return {
    name: `the executor (pid ${child.pid})`,
    send: (request) => void child.send(request, () => {}),
    close: () => closeChild(child),
    kill: () => {
      child.kill('SIGKILL');
      return true;
    },
  };
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness);
  } catch {
    // It may have died already, which 'exit' tells; or the system has no priorities.
  }
}

function closeChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), closeLimitMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    if (child.connected) child.disconnect();
  });
}
