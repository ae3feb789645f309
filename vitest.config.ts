// Tests by kind: unit (pure), parity (numbers against references), browser (a real Chromium).
import { defineConfig } from 'vitest/config';

/** Left alone, vitest keeps a core for itself: half of a small machine. */
const EVERY_CORE = { maxWorkers: '100%', sequence: { groupOrder: 0 } } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...EVERY_CORE,
          name: 'unit',
          include: ['tests/unit/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...EVERY_CORE,
          name: 'parity',
          include: ['tests/parity/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          // Builds the page and the lab once and serves them to all files.
          globalSetup: ['tests/browser/harness/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 300_000,
          // One Chromium and one built site serve all files: two cores gain nothing from more.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          // A page shows a thing when it can: on a busy machine that is later.
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
});
