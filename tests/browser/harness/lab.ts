// The lab's page: what browser tests reach through `page.evaluate`. Everything it gives back is plain.

import { trustOwnScripts } from '../../../src/app/trusted-scripts.ts';
import { ensureIsolation } from '../../../src/bridge/isolation.ts';
import type { WorkerBridge } from '../../../src/bridge/worker-bridge.ts';
import { toPlainError } from '../../../src/errors.ts';
import { decodePhoto } from '../../../src/imaging/decode-browser.ts';
import { drawScene } from '../../../src/imaging/drawn.ts';
import type { BackendWish } from '../../../src/inference/backend.ts';
import { browserRuntime } from '../../../src/inference/browser-runtime.ts';
import type { EncoderInfo } from '../../../src/inference/encoder.ts';
import type { EncoderService } from '../../../src/inference/encoder-service.ts';
import type { Progress } from '../../../src/progress.ts';
import { bridgeEncoder } from '../../../workers/spawn.ts';
import { meanRgb, PHOTO_CASES } from '../../fixtures/photos/cases.ts';
import { bridgeToNowhere, TrialBridge } from './lab-bridge.ts';
import { IndexLab } from './lab-index.ts';
import { type ParityEngine, parity } from './lab-parity.ts';

/** The built site's root: this page lies at tests/browser/harness/ under it. */
const ROOT_URL = new URL('../../../', document.baseURI);

async function fetchBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(path, ROOT_URL));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A drawn scene as a PNG file, so that every decoder gives the same pixels. */
async function drawnPng(seed: number, view: number): Promise<Blob> {
  const { data, width, height } = drawScene(seed, view);
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0, j = 0; i < data.length; i += 3, j += 4) rgba.set(data.subarray(i, i + 3), j);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')!.putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}

class EncoderLab {
  readonly #bridge: WorkerBridge<EncoderService>;
  readonly stages = new Set<Progress['stage']>();

  constructor(models: string, backend: BackendWish) {
    this.#bridge = bridgeEncoder({ models: new URL(models, ROOT_URL).href, backend });
  }

  open(): Promise<EncoderInfo> {
    return this.#bridge.api.open({ onProgress: (p) => void this.stages.add(p.stage) });
  }

  async encodeDrawn(seed: number, view: number) {
    return this.#encode(await drawnPng(seed, view));
  }

  /** @param path of a file under the site's root */
  async encodeFile(path: string) {
    return this.#encode(new Blob([await fetchBytes(path)]));
  }

  async #encode(photo: Blob) {
    const { embedding, photo: seen, timings } = await this.#bridge.api.encode(photo);
    return { embedding: [...embedding], photo: seen, timings };
  }

  release(): void {
    this.#bridge.release();
  }
}

/** What each fixture photo gives here: means of its pixels, or the code of its error. */
async function photos() {
  const found: Record<string, Awaited<ReturnType<typeof photo>>> = {};
  for (const { file } of PHOTO_CASES) found[file] = await photo(file);
  return found;
}

async function photo(file: string) {
  try {
    const bitmap = await decodePhoto(await fetchBytes(`tests/fixtures/photos/${file}`));
    const { header, width, height } = bitmap;
    const size = { width: header.width, height: header.height };
    const decoded = { width, height };
    const means = { meanRgb: meanRgb(bitmap), topLeftRgb: meanRgb(bitmap, 0.5) };
    return { mime: header.mime, ...size, decoded, ...means };
  } catch (thrown) {
    return toPlainError(thrown);
  }
}

// The lab lives under the page's policy.
trustOwnScripts();

const lab = {
  isolated: () => crossOriginIsolated,
  ensureIsolation: () => ensureIsolation(ROOT_URL),
  machine: () => browserRuntime().facts(),
  /** @param models folder under the site's root, ending in a slash */
  encoder: (models: string, backend: BackendWish) => new EncoderLab(models, backend),
  /** @param leaveOut no case whose name holds this */
  parity: (engine: ParityEngine, leaveOut?: string) => parity(fetchBytes, engine, leaveOut),
  photos,
  /** @param folder with a collection.json, under the site's root */
  index: (folder: string) => new IndexLab(new URL(`${folder}/collection.json`, ROOT_URL).href),
  trial: (options?: ConstructorParameters<typeof TrialBridge>[0]) => new TrialBridge(options),
  nowhere: bridgeToNowhere,
  toPlainError,
};

export type Lab = typeof lab;
Object.assign(globalThis, { lab });
