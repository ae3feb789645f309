// A PostgreSQL of a test's own, by the committed script; tests say why they are skipped where it cannot run.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/postgres.sh');

export interface PrivatePostgres {
  readonly url: string;
  stop(): void;
}

/** Null where it can run, else why not. */
export function whyNoPostgres(): string | null {
  try {
    execFileSync(SCRIPT, ['check'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return null;
  } catch (thrown) {
    return String((thrown as { stderr?: Buffer }).stderr ?? thrown).trim();
  }
}

export function startPostgres(): PrivatePostgres {
  // Nothing here outlives the test, so that it need not reach the disk.
  const server = ['--', '-c fsync=off', '-c synchronous_commit=off'];
  const [folder = '', url = ''] = execFileSync(SCRIPT, ['start', ...server], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return { url, stop: () => execFileSync(SCRIPT, ['stop', folder]) };
}
