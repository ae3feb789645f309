// What the page's process of a browser holds, as the kernel counts it (Linux only).
import { readdir, readFile } from 'node:fs/promises';

/** Bytes that are resident now, and at most until now. */
export interface ProcessMemory {
  readonly now: number;
  readonly most: number;
}

/**
 * Of the largest renderer of a browser, its workers included.
 * @param profile folder that the browser was started with
 */
export async function rendererMemory(profile: string): Promise<ProcessMemory> {
  let found: ProcessMemory = { now: 0, most: 0 };
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes('--type=renderer')) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const parent = await browserOf(status);
    if (!parent.includes(profile)) continue;
    const bytes = (name: string) =>
      1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0);
    if (bytes('VmRSS') > found.now) found = { now: bytes('VmRSS'), most: bytes('VmHWM') };
  }
  return found;
}

/** Command lines of the process's parents, up to the browser's own. */
async function browserOf(status: string): Promise<string> {
  let commands = '';
  let parent = /PPid:\s+(\d+)/.exec(status)?.[1];
  while (parent && parent !== '0' && parent !== '1') {
    commands += await readFile(`/proc/${parent}/cmdline`, 'utf8').catch(() => '');
    const above = await readFile(`/proc/${parent}/status`, 'utf8').catch(() => '');
    parent = /PPid:\s+(\d+)/.exec(above)?.[1];
  }
  return commands;
}
