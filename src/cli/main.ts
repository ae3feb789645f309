#!/usr/bin/env node
// Runs the command that the command line names (program/program.ts), and ends with its exit code.
import { reportFailure } from './output.ts';
import { createProgram } from './program/program.ts';

try {
  await createProgram().parseAsync();
  process.exit(process.exitCode ?? 0);
} catch (thrown) {
  // Commander has said what is wrong; help and version are no failures.
  const code = (thrown as { code?: unknown }).code;
  if (typeof code === 'string' && code.startsWith('commander.')) {
    process.exit((thrown as { exitCode?: number }).exitCode === 0 ? 0 : 2);
  }
  process.exit(reportFailure(thrown));
}
