#!/usr/bin/env node
/** Entry point of `peccary`: runs the command line and sets the exit status (0 done, 1 a fault, 2 unusable input). */
import { packageVersion } from '../core/package-root.js';

const args = process.argv.slice(2);
// A closed pipe (`peccary … | head`) is the reader's decision, not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`peccary: standard output: ${error.message}\n`);
  process.exit(1);
});

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${packageVersion()}\n`);
} else {
  void import('./program.js').then(async ({ runCommandLine }) => {
    process.exitCode = await runCommandLine(args);
  });
}
