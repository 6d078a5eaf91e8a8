import { InferometerError, messageOf } from '@inferometer/core';
import { Command, CommanderError } from 'commander';
import { onNpmGone } from './npm-parent.ts';
import { serveCommand } from './options.ts';
import type { Serving } from './service.ts';
import { version } from './version.ts';

/** Exit code for what the user has to change: flags, environment, models. */
const usageError = 2;

const program = new Command('inferometer')
  .description('Every millisecond and every GPU-second of an inference request, accounted for.')
  .version(version)
  .exitOverride()
  .addCommand(
    serveCommand(async (command) => {
      // Loaded only now: a mistyped flag is told without waiting for the OpenTelemetry SDK.
      const { serve } = await import('./serve.ts');
      const serving = await serve(command);
      stopOnSignals(serving);
    }).exitOverride(),
  )
  .addCommand(
    new Command('doctor')
      .description('say what settings are in force, where they come from and what is wrong')
      .option('--json', 'as JSON')
      .option('-c, --config <file>', 'as of serve')
      .exitOverride()
      .action(async ({ json, config }: { json?: boolean; config?: string }) => {
        const { doctor } = await import('./doctor.ts');
        process.exitCode = await doctor(json === true, config);
      }),
  );

function stopOnSignals(serving: Serving): void {
  let stopping = false;
  const stop = (): void => {
    // A second signal is somebody who does not want to wait.
    if (stopping) process.exit(1);
    stopping = true;
    void serving.stop().then(() => process.exit(0));
  };
  // Of a terminal that is closed it is the end; of a service manager or a person, the wish that files are read anew.
  const isOfTerminal = process.stdin.isTTY || process.stdout.isTTY;
  process.on('SIGHUP', () => (isOfTerminal ? stop() : void serving.reload()));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  onNpmGone(stop);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has printed it; help and version are no errors.
    process.exit(error.exitCode === 0 ? 0 : usageError);
  }
  const expected = error instanceof InferometerError || error instanceof RangeError;
  process.stderr.write(`inferometer: ${expected ? messageOf(error) : (error as Error).stack}\n`);
  process.exit(expected ? usageError : 1);
}
