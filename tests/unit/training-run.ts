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

export function runCairn(args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CAIRN, ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

export const lastLine = ({ stdout }: Run) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

export async function weightsOf(run: string) {
  return readSafetensors(await readFile(join(run, 'weights.safetensors')));
}
