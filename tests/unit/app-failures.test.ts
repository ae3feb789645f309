// What is shown where a change did not happen, and a backend that changes after it was opened.
import { describe, expect, it } from 'vitest';
import { en } from '../../src/app/i18n/en.ts';
import { zh } from '../../src/app/i18n/zh.ts';
import { failureText } from '../../src/app/shell/use-act.ts';
import { NAME_TAKEN } from '../../src/app/teaching/teaching.ts';
import { watchBackend } from '../../src/app/watch-backend.ts';
import { CairnError, type ErrorCode, toPlainError } from '../../src/errors.ts';
import type { BackendReport, Encoder, EncoderInfo } from '../../src/inference/encoder.ts';

describe.each([
  ['English', en],
  ['Chinese', zh],
] as const)('a change that did not happen, in %s', (_, messages) => {
  const text = (code: ErrorCode, subject?: string) =>
    failureText(toPlainError(new CairnError(code, 'details', 'remedy', { subject })), messages);

  it('is told with its reason and what to do, whatever it was', () => {
    for (const code of Object.keys(messages.errors) as ErrorCode[]) {
      if (code === 'aborted') continue;
      const { what, remedy } = messages.errors[code];
      expect(text(code)).toBe(`${messages.app.changeFailed} ${what} ${remedy}`);
    }
  });

  it('is only called a taken name where it is one', () => {
    expect(text('usage', NAME_TAKEN)).toBe(messages.teach.nameTaken);
    expect(text('usage')).not.toContain(messages.teach.nameTaken);
  });

  it('is nothing to tell where the user has stopped it', () => {
    expect(text('aborted')).toBeNull();
  });
});

describe('the backend that is shown', () => {
  const on = (backend: BackendReport['backend'], fellBack = false): BackendReport => ({
    backend,
    fellBack,
    threads: 1,
    adapter: null,
    reason: 'told',
    selfTest: 1,
  });

  it('follows the encoder: down to WASM, and back with a new worker', async () => {
    let now: BackendReport | undefined = on('webgpu');
    const encoder: Encoder = {
      open: () => Promise.reject(new Error('not asked for')),
      encode: async () => ({
        embedding: new Float32Array(1),
        photo: { mime: 'image/png', width: 1, height: 1, bytes: 1 },
        timings: {},
        ...(now ? { backend: now } : {}),
      }),
    };
    const told: EncoderInfo[] = [];
    const info = { id: 'e', weightsSha256: '', dim: 1, backend: on('webgpu') };
    const watched = watchBackend(info, (changed) => told.push(changed))(encoder);
    const photo = new Blob();
    await watched.encode(photo);
    now = undefined; // an encoder that does not say
    await watched.encode(photo);
    expect(told).toEqual([]);
    now = on('wasm', true);
    await watched.encode(photo);
    await watched.encode(photo);
    expect(told.map(({ backend }) => backend)).toEqual([on('wasm', true)]);
    now = on('webgpu');
    await watched.encode(photo);
    expect(told.at(-1)).toMatchObject({ id: 'e', backend: { backend: 'webgpu' } });
  });
});
