import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import type { LogLevel } from './config/telemetry-config.ts';

/** Where lines about telemetry itself go. */
export interface DiagSink {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const repeatAfterMs = 10 * 60_000;
const rememberedLines = 200;

/**
 * Sends the SDK's own messages to a sink, the same one at most every ten minutes: a Collector that is away for a
 * day must not fill a disk.
 */
export function quietDiag(sink: DiagSink, level: LogLevel = 'info', now: () => number = Date.now): void {
  const last = new Map<string, number>();
  const isNew = (message: string): boolean => {
    // Numbers differ from one message to the next (ports, counts, times); the message is the same.
    const key = message.replaceAll(/\d+/g, '#').slice(0, 200);
    const before = last.get(key);
    if (before !== undefined && now() - before < repeatAfterMs) return false;
    if (last.size >= rememberedLines) last.clear();
    last.set(key, now());
    return true;
  };
  const say =
    (level: keyof DiagSink) =>
    (message: string, ...rest: unknown[]) => {
      const line = [message, ...rest].map(String).join(' ');
      if (isNew(line)) sink[level](line);
    };
  const logger: DiagLogger = {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: say('info'),
    verbose: say('info'),
  };
  diag.setLogger(logger, { logLevel: levels[level], suppressOverrideMessage: true });
}

const levels: Readonly<Record<LogLevel, DiagLogLevel>> = {
  none: DiagLogLevel.NONE,
  error: DiagLogLevel.ERROR,
  warn: DiagLogLevel.WARN,
  info: DiagLogLevel.INFO,
  debug: DiagLogLevel.DEBUG,
  verbose: DiagLogLevel.VERBOSE,
};

export const stderrSink: DiagSink = {
  info: (message) => void process.stderr.write(`${message}\n`),
  warn: (message) => void process.stderr.write(`${message}\n`),
  error: (message) => void process.stderr.write(`${message}\n`),
};
