// A training command as a user runs it, and what its run leaves.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../../src/weights/safetensors.ts';

const CAIRN = fileURLToPath(new URL('../../src/cli/cairn.mjs', import.meta.url));

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param more of the environment, such as CAIRN_MODELS */
export function runCairn(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Run> {
  const options = { env: { ...process.env, ...more } };
  return new Promise((resolve) => {
    execFile(process.execPath, [CAIRN, ...args], options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

export const lastLine = ({ stdout }: Run) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

export async function weightsOf(run: string) {
  return readSafetensors(await readFile(join(run, 'weights.safetensors')));
}
