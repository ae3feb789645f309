// PyTorch's checkpoints: pickles by their opcodes, the ZIP around them, the older format.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPickle } from '../../../src/weights/pickle.ts';
import { ELEMENT_BYTES } from '../../../src/weights/safetensors.ts';
import type { Bytes } from '../../../src/weights/sha256.ts';
import { readTorchFile } from '../../../src/weights/torch-file.ts';
import { type Storage, torchHooks } from '../../../src/weights/torch-tensor.ts';
import { ZipFile } from '../../../src/weights/zip.ts';
import type { Dice } from '../dice.ts';
import { concat, mutateBytes, mutateField } from '../mutate/bytes.ts';
import { mutatePickle, opcodesOf, type ZipPart, zipOf } from '../mutate/pickle.ts';
import { HOSTILE_NAMES } from '../mutate/strings.ts';
import { type Bomb, type FuzzTarget, must } from '../target.ts';

const TORCH = join(import.meta.dirname, '../../../tests/fixtures/torch');
const LEGACY = 'legacy.pth';

function checkpoints(): Map<string, Bytes> {
  const names = readdirSync(TORCH).filter((name) => name.endsWith('.pth'));
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(TORCH, name)))]));
}

/** The files of a checkpoint, to put others in their place. */
async function partsOf(bytes: Bytes): Promise<ZipPart[]> {
  const zip = new ZipFile(bytes);
  return Promise.all(
    [...zip.entries.values()].map(async (entry) => ({
      name: entry.name,
      bytes: (await zip.read(entry)).slice() as Bytes,
      deflated: entry.method !== 0,
    })),
  );
}

export const pickle: FuzzTarget = {
  name: 'pickle',
  reads: ['src/weights/pickle.ts', 'src/weights/torch-tensor.ts'],
  codes: ['model-invalid'],
  async open() {
    const zips = [...checkpoints()].filter(([name]) => name !== LEGACY);
    const parts = await Promise.all(zips.map(([, bytes]) => partsOf(bytes)));
    const corpus = parts
      .flatMap((all) => all.filter(({ name }) => name.endsWith('data.pkl')))
      .map(({ bytes }) => bytes);
    return {
      corpus,
      mutate: (input, dice) => mutatePickle(input, dice),
      bombs: [dictsOfOneList, nestedLists, marks],
      read(input) {
        const storages = new Map<string, Storage>();
        const { end } = readPickle(input, torchHooks(storages));
        must(end > 0 && end <= input.length, 'an end outside');
        for (const { length } of storages.values()) must(length >= 0, 'a storage of no length');
      },
    };
  },
};

/** A list of 100 000 pairs, and 50 000 dicts made of it. */
const dictsOfOneList: Bomb = {
  name: 'many dicts of one long list',
  make() {
    const pairs = 100_000;
    const dict = Buffer.from('h\x02h\x01\x85R0', 'latin1'); // dict, list, TUPLE1, REDUCE, POP
    return concat(
      Buffer.from('\x80\x02ccollections\nOrderedDict\nq\x020]q\x01(', 'latin1'),
      ...Array.from({ length: pairs }, (_, i) =>
        Uint8Array.of(0x4a, i & 255, (i >> 8) & 255, i >> 16, 0, 0x4b, 1, 0x86),
      ),
      Buffer.from('e', 'latin1'),
      new Uint8Array(Buffer.concat(Array.from({ length: 50_000 }, () => dict))),
      Buffer.from('.', 'latin1'),
    );
  },
};

const nestedLists: Bomb = {
  name: 'a million lists in one another',
  make: () =>
    concat(
      new Uint8Array(1 << 20).fill(0x5d),
      new Uint8Array(1 << 20).fill(0x61),
      Uint8Array.of(0x2e),
    ),
};

const marks: Bomb = {
  name: 'four million marks',
  make: () => concat(new Uint8Array(4 << 20).fill(0x28), new Uint8Array(4 << 20).fill(0x31)),
};

function mutateZip(parts: readonly ZipPart[], dice: Dice): Bytes {
  const changed = [...parts];
  const times = 1 + dice.below(2);
  for (let i = 0; i < times; i++) {
    const at = dice.below(changed.length);
    const part = changed[at]!; // in range
    switch (dice.below(8)) {
      case 0:
        if (changed.length > 1) changed.splice(at, 1);
        break;
      case 1:
        changed.splice(at, 0, part);
        break;
      case 2:
        changed[at] = { ...part, name: dice.pick(HOSTILE_NAMES) };
        break;
      case 3:
        changed[at] = { ...part, deflated: !part.deflated };
        break;
      case 4:
        changed[at] = { ...part, bytes: mutateBytes(part.bytes, dice, [part.bytes]) };
        break;
      default: {
        const place = changed.findIndex(({ name }) => name.endsWith('.pkl'));
        const found = changed[place];
        if (found) changed[place] = { ...found, bytes: mutatePickle(found.bytes, dice) };
      }
    }
  }
  const { bytes, fields } = zipOf(changed);
  if (dice.chance(0.6)) return bytes;
  return dice.chance(0.5)
    ? mutateField(bytes, dice.pick(fields), dice)
    : mutateBytes(bytes, dice, [bytes], fields);
}

/** Five pickles, then the storages. */
function mutateLegacy(bytes: Bytes, dice: Dice): Bytes {
  if (dice.chance(0.3)) return mutateBytes(bytes, dice, [bytes]);
  const pickles: Bytes[] = [];
  let rest = bytes;
  for (let i = 0; i < 5; i++) {
    const one = concat(...opcodesOf(rest));
    pickles.push(one);
    rest = rest.slice(one.length);
  }
  const at = dice.pick([0, 1, 2, 3, 3, 3, 4]);
  pickles[at] = mutatePickle(pickles[at]!, dice); // there are five
  return concat(...pickles, dice.chance(0.2) ? mutateBytes(rest, dice, [rest]) : rest);
}

export const torchFile: FuzzTarget = {
  name: 'torch-file',
  reads: ['src/weights/torch-file.ts', 'src/weights/zip.ts', 'src/weights/torch-tensor.ts'],
  codes: ['model-invalid'],
  async open() {
    const all = checkpoints();
    const corpus = [...all.values()];
    const parts = new Map<Bytes, ZipPart[]>();
    for (const [name, bytes] of all) if (name !== LEGACY) parts.set(bytes, await partsOf(bytes));
    return {
      corpus,
      mutate(input, dice) {
        const zip = parts.get(input);
        return zip ? mutateZip(zip, dice) : mutateLegacy(input, dice);
      },
      bombs: [deflatedZeros],
      async read(input) {
        const { weights } = await readTorchFile(input);
        must(weights.size > 0, 'no weights');
        for (const { dtype, shape, data } of weights.values()) {
          const elements = shape.reduce((product, side) => product * side, 1);
          must(
            data.byteLength === elements * ELEMENT_BYTES[dtype],
            'bytes that do not fill a shape',
          );
        }
      },
    };
  },
};

/** 700 MB of zeros in less than one: a storage of the plain checkpoint, so large and deflated. */
const deflatedZeros: Bomb = {
  name: 'a deflated storage of zeros',
  make() {
    const zeros = new Uint8Array(700 << 20);
    const text = (value: string) => new Uint8Array(Buffer.from(value, 'latin1'));
    const root = text(
      '\x80\x02}(X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nByteStorage\n' +
        'X\x01\0\0\x000X\x03\0\0\0cpuJ\0\0\xc0\x2btQK\0J\0\0\xc0\x2b\x85K\x01\x85\x89NtRu.',
    );
    const { bytes } = zipOf([
      { name: 'a/data.pkl', bytes: root },
      { name: 'a/data/0', bytes: zeros, deflated: true },
    ]);
    return bytes;
  },
};
