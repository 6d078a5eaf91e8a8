import { type Logger, pino } from 'pino';

/** JSON lines on standard error; standard output is for what a person reads. */
export function createLog(): Logger {
  const level = process.env.INFEROMETER_LOG_LEVEL ?? 'info';
  return pino(
    { level: level in pino.levels.values || level === 'silent' ? level : 'info', base: null },
    pino.destination(2),
  );
}
