// PyTorch's files: what torch wrote is read as torch meant it, anything else is refused in words.
// Fixtures: scripts/make-torch-fixtures.py.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { zipOf as zipFile } from '../../scripts/fuzz/mutate/pickle.ts';
import { CairnError } from '../../src/errors.ts';
import { readSafetensors } from '../../src/weights/safetensors.ts';
import { isTorchFile, readTorchFile } from '../../src/weights/torch-file.ts';

const FOLDER = new URL('../fixtures/torch/', import.meta.url);
const file = (name: string) => new Uint8Array(readFileSync(new URL(name, FOLDER)));
const READABLE = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.safetensors'))
  .map((name) => name.replace('.safetensors', ''));

describe('reading', () => {
  test('there are fixtures of every kind', () => {
    expect(READABLE).toEqual(
      expect.arrayContaining(['plain', 'legacy', 'deflated', 'dtypes', 'views', 'training']),
    );
  });

  test.each(READABLE)('%s holds what torch says it holds', async (name) => {
    const bytes = file(`${name}.pth`);
    expect(isTorchFile(bytes)).toBe(true);
    const { weights } = await readTorchFile(bytes);
    const expected = readSafetensors(file(`${name}.safetensors`));
    expect([...weights.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [key, { dtype, shape, data }] of expected) {
      expect(weights.get(key), key).toEqual({ dtype, shape, data: Uint8Array.from(data) });
    }
  });

  test('says which dict the weights came from', async () => {
    expect((await readTorchFile(file('plain.pth'))).path).toEqual([]);
    expect((await readTorchFile(file('training.pth'))).path).toEqual(['state_dict']);
    expect((await readTorchFile(file('parameters.pth'))).path).toEqual(['model']);
  });

  test('safetensors are no torch file', () => {
    expect(isTorchFile(file('plain.safetensors'))).toBe(false);
  });
});

describe('refusing', () => {
  test.each<[string, RegExp]>([
    ['refused-namespace', /refers to argparse\.Namespace/],
    ['refused-module', /refers to torch\.nn\.modules\.linear\.Linear/],
    ['refused-complex', /refers to torch\.ComplexFloatStorage/],
    ['refused-no-tensors', /no dict of tensors/],
    ['refused-torchscript', /TorchScript/],
  ])('%s', async (name, message) => {
    const problem = await readTorchFile(file(`${name}.pth`)).catch((thrown) => thrown);
    expect(problem).toBeInstanceOf(CairnError);
    expect(problem.code).toBe('model-invalid');
    expect(problem.message).toMatch(message);
  });

  test('deflated zeros that would fill the memory', async () => {
    const { bytes } = zipFile([
      { name: 'a/data.pkl', bytes: new Uint8Array(100 << 20), deflated: true },
    ]);
    expect(bytes.length).toBeLessThan(200_000);
    await expect(readTorchFile(bytes)).rejects.toMatchObject({
      code: 'model-invalid',
      message: expect.stringMatching(/claims 104857600 bytes/),
    });
  });

  test('two dicts of one list, which would take time without end', async () => {
    const dict = 'h\x01\x85R0'; // the list, TUPLE1, REDUCE, POP; the class is below it
    const pickled = Buffer.from(
      `\x80\x02]q\x01ccollections\nOrderedDict\nq\x02${dict}h\x02${dict}N.`,
      'latin1',
    );
    const { bytes } = zipFile([{ name: 'a/data.pkl', bytes: new Uint8Array(pickled) }]);
    await expect(readTorchFile(bytes)).rejects.toMatchObject({
      code: 'model-invalid',
      message: expect.stringMatching(/two dicts are made of one list/),
    });
  });

  test('names of any length, briefly', async () => {
    const { bytes } = zipFile([{ name: `a/${'x'.repeat(60_000)}`, bytes: new Uint8Array(1) }]);
    const broken = bytes.slice();
    broken[bytes.length - 22 - 60_048 + 8] = 1; // encrypted, says the directory
    await expect(readTorchFile(broken)).rejects.toMatchObject({
      code: 'model-invalid',
      message: expect.stringMatching(/^.{1,200}$/),
    });
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['a page', new TextEncoder().encode('<!doctype html><html></html>')],
    ['a ZIP of something else', zipOf('hello.txt')],
  ])('%s', async (_, bytes) => {
    await expect(readTorchFile(bytes)).rejects.toMatchObject({ code: 'model-invalid' });
  });

  test.each(['plain', 'legacy', 'deflated'])('%s cut anywhere', async (name) => {
    const whole = file(`${name}.pth`);
    for (let length = 0; length < whole.length; length += 37) {
      const cut = readTorchFile(whole.subarray(0, length));
      await expect(cut, `${length} bytes`).rejects.toMatchObject({ code: 'model-invalid' });
    }
  });
});

describe('mutated files', () => {
  test.each(['plain', 'legacy', 'deflated', 'views', 'dtypes', 'training', 'protocol-4'])(
    '%s gives tensors or a typed error, never anything else',
    async (name) => {
      const whole = file(`${name}.pth`);
      const change = fc.record({
        at: fc.nat({ max: whole.length - 1 }),
        value: fc.integer({ min: 0, max: 255 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
          const bytes = whole.slice();
          for (const { at, value } of changes) bytes[at] = value;
          try {
            const { weights } = await readTorchFile(bytes);
            for (const { shape, data } of weights.values()) {
              if (shape.includes(0)) expect(data.byteLength).toBe(0);
            }
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(CairnError);
            expect(thrown).toMatchObject({ code: 'model-invalid' });
          }
        }),
        { numRuns: 400 },
      );
    },
  );
});

/** A ZIP with one empty stored entry. */
function zipOf(name: string): Uint8Array {
  const text = new TextEncoder().encode(name);
  const local = new Uint8Array(30 + text.length);
  local.set([0x50, 0x4b, 3, 4]);
  local[26] = text.length;
  local.set(text, 30);
  const central = new Uint8Array(46 + text.length);
  central.set([0x50, 0x4b, 1, 2]);
  central[28] = text.length;
  central.set(text, 46);
  const end = new Uint8Array(22);
  end.set([0x50, 0x4b, 5, 6]);
  end[10] = 1;
  end[12] = central.length;
  end[16] = local.length;
  return Uint8Array.from([...local, ...central, ...end]);
}
