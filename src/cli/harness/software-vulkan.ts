// Vulkan drivers that compute on the CPU: SwiftShader as browsers bring it, and Mesa's lavapipe.
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** How Chromium names its driver's manifest, beside its own program. */
const SWIFTSHADER = 'vk_swiftshader_icd.json';

/** Where Linux distributions keep Chromium and Chrome; /usr/bin/chromium is but a script there. */
const BROWSER_FOLDERS = [
  '/usr/lib/chromium',
  '/usr/lib64/chromium-browser',
  '/usr/lib/chromium-browser',
  '/opt/google/chrome',
  '/snap/chromium/current/usr/lib/chromium-browser',
];

const DRIVER_FOLDERS = [
  '/usr/share/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/etc/vulkan/icd.d',
];
const LAVAPIPE = /^lvp_icd.*\.json$/;

/**
 * The manifest (`*_icd.json`) of a software driver on this machine, or null: only Linux gives WebGPU by
 * Vulkan. SwiftShader comes first: it is the slower one (0.2 GFLOP/s on two cores against 2.4), but runs
 * from Chromium 100 on, while Mesa's older than 23 lack what Dawn wants.
 * @param browser a browser's program, beside which SwiftShader is looked for first; CHROME_PATH by default
 */
export function findSoftwareVulkan(
  browser: string | null = process.env.CHROME_PATH ?? null,
): string | null {
  if (process.platform !== 'linux') return null;
  const folders = browser && existsSync(browser) ? [dirname(realpathSync(browser))] : [];
  const manifests = [...folders, ...BROWSER_FOLDERS].map((folder) => join(folder, SWIFTSHADER));
  return manifests.find((manifest) => existsSync(manifest)) ?? findLavapipe();
}

function findLavapipe(): string | null {
  for (const folder of DRIVER_FOLDERS.filter((each) => existsSync(each))) {
    const manifest = readdirSync(folder).find((name) => LAVAPIPE.test(name));
    if (manifest) return join(folder, manifest);
  }
  return null;
}

/** The variables by which Vulkan's loader learns of drivers: the second one is of loaders before 1.3.207. */
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'] as const;

/** Whether the user has said which drivers count: then no other is looked for. */
export function driversAreGiven(): boolean {
  return DRIVER_VARIABLES.some((name) => process.env[name]);
}

/**
 * What a process must be started with to compute on `manifest`'s driver alone. Chromium brings the loader
 * too (`libvulkan.so.1`), for machines without one; a running process can no longer be told of it.
 */
export function softwareVulkanEnvironment(manifest: string): Record<string, string> {
  const folder = dirname(manifest);
  const environment: Record<string, string> = {};
  for (const name of DRIVER_VARIABLES) environment[name] = manifest;
  if (existsSync(join(folder, 'libvulkan.so.1'))) {
    const known = process.env.LD_LIBRARY_PATH;
    environment.LD_LIBRARY_PATH = known ? `${known}:${folder}` : folder;
  }
  return environment;
}

/** Runs `open` while Vulkan's loader sees `manifest`'s driver alone; the loader reads it anew each time. */
export async function withDriver<T>(manifest: string, open: () => Promise<T>): Promise<T> {
  for (const name of DRIVER_VARIABLES) process.env[name] = manifest;
  try {
    return await open();
  } finally {
    // Only called where neither was set: what else this process starts must not inherit them.
    for (const name of DRIVER_VARIABLES) delete process.env[name];
  }
}
