// Our own part of decoding HEIC and BMP: what see-through pixels hide stays hidden, and a fault of ours is no damaged photo.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bmpFile } from '../../scripts/photo-files.ts';
import { photoKey } from '../../src/cli/photo-key.ts';
import { decodeBmp } from '../../src/imaging/bmp.ts';
import { DECODER_VERSION, decoderVersionOf } from '../../src/imaging/decoder-version-node.ts';
import { decodeHeic } from '../../src/imaging/heic/decode-heic.ts';
import { libheifFiles } from '../../src/imaging/heic/files-node.ts';
import { compileLibheif, type LibheifFiles } from '../../src/imaging/heic/heif-decoder.ts';
import { inspectPhoto } from '../../src/imaging/inspect.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/photos/${name}`, import.meta.url));
const dot = { width: 1, height: 1 };

/** libheif as it is, apart from what `change` puts into its place. */
async function changedLibheif(
  change: (heif: ReturnType<LibheifFiles['create']>) => object,
): Promise<LibheifFiles> {
  const { create, module } = await libheifFiles();
  return {
    module,
    create: (options) => {
      const heif = create(options);
      return Object.assign(heif, change(heif));
    },
  };
}

describe('a see-through photo that is shrunk', () => {
  it('shows nothing of the colours that hide in it, as a BMP', () => {
    const masks = [0xff0000, 0xff00, 0xff, 0xff000000] as const;
    // Black beside a clear green.
    const data = Uint8Array.of(0, 0, 0, 0, 255, 0);
    const alpha = (x: number) => (x === 0 ? 255 : 0);
    const file = bmpFile({ width: 2, height: 1, data }, { bits: 32, masks, alpha });
    expect([...decodeBmp(file, { width: 2, height: 1 })]).toEqual([
      ...[0, 0, 0, 255],
      ...[255, 255, 255, 255],
    ]);
    expect([...decodeBmp(file, dot)]).toEqual([128, 128, 128, 255]);
  });

  it('nor as a HEIC', async () => {
    const bytes = fixture('transparent.heic');
    const header = inspectPhoto(bytes);
    const pixel = decodeHeic(bytes, header, dot, await libheifFiles());
    // Half of it red at alpha 128, the other clear; HEVC loses a little.
    for (const [c, level] of [255, 191, 191, 255].entries()) {
      expect(Math.abs(pixel[c]! - level)).toBeLessThanOrEqual(1);
    }
  });

  it('nor as a HEIC whose colours are multiplied by alpha', async () => {
    const files = await changedLibheif((heif) => ({
      heif_image_handle_is_premultiplied_alpha: () => 1,
      heif_js_decode_image2: () => ({
        channels: [
          {
            id: heif.heif_channel.heif_channel_interleaved,
            ...{ width: 2, height: 1, stride: 8 },
            data: Uint8Array.of(100, 50, 0, 128, 0, 0, 0, 0),
          },
        ],
      }),
    }));
    const bytes = fixture('picture.heic');
    const header = { ...inspectPhoto(bytes), width: 2, height: 1 };
    const whole = decodeHeic(bytes, header, { width: 2, height: 1 }, files);
    // 100 + 127 of white, and so on.
    expect([...whole]).toEqual([227, 177, 127, 255, 255, 255, 255, 255]);
    expect([...decodeHeic(bytes, header, dot, files)]).toEqual([241, 216, 191, 255]);
  });
});

describe('a BMP with room for alpha', () => {
  const data = Uint8Array.of(200, 100, 50, 200, 100, 50);
  const masks = [0xff0000, 0xff00, 0xff, 0xff000000] as const;
  const decoded = (alpha: (x: number) => number) =>
    decodeBmp(bmpFile({ width: 2, height: 1, data }, { bits: 32, masks, alpha }), {
      width: 2,
      height: 1,
    });

  it('is opaque where that is zero throughout, and only there', () => {
    expect([...decoded(() => 0)]).toEqual([200, 100, 50, 255, 200, 100, 50, 255]);
    expect([...decoded((x) => x)]).toEqual([255, 255, 255, 255, 255, 254, 254, 255]);
  });
});

describe('libheif that cannot run', () => {
  const decode = (files: LibheifFiles) => () => {
    const bytes = fixture('picture.heic');
    const header = inspectPhoto(bytes);
    return decodeHeic(bytes, header, header, files);
  };
  const unavailable = expect.objectContaining({ code: 'backend-unavailable' });

  it('says so where its limits are not as we know them', async () => {
    const files = await changedLibheif(() => ({ _heif_get_global_security_limits: () => 1024 }));
    expect(decode(files)).toThrowError(unavailable);
  });

  it('says so where it does not compile or start', async () => {
    await expect(compileLibheif(new Uint8Array(8))).rejects.toEqual(unavailable);
    const { create } = await libheifFiles();
    // Magic and version: a module of nothing.
    const empty = await compileLibheif(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    expect(decode({ create, module: empty })).toThrowError(unavailable);
    const refused = () => {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    };
    expect(decode({ create: refused, module: empty })).toThrowError(unavailable);
  });
});

describe('keys of what is kept of photos', () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

  it('stay as they were where decoding did', async () => {
    for (const name of ['orientation-6.jpg', 'display-p3.jpg', 'depth-16.png', 'picture.avif']) {
      expect(await photoKey(fixture(name)), name).toBe(sha256(fixture(name)));
    }
  });

  it('change with the decoder where it did not', async () => {
    for (const name of ['cmyk.jpg', 'display-p3-16.png', 'picture.heic', 'bits-24.bmp']) {
      const bytes = fixture(name);
      expect(await decoderVersionOf(bytes), name).toBe(DECODER_VERSION);
      expect(await photoKey(bytes), name).not.toBe(sha256(bytes));
      expect(await photoKey(bytes), name).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('are to be had of files that are no photos', async () => {
    for (const name of ['empty.jpg', 'text.jpg', 'truncated.png', 'corrupt.jpg']) {
      expect(await photoKey(fixture(name)), name).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});
