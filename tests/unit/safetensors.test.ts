// Safetensors: what we write we read, the real model opens, and hostile files are refused by a typed error.
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CairnError } from '../../src/errors.ts';
import {
  fromFloat32,
  readSafetensors,
  readSafetensorsMetadata,
  toFloat32,
  type WeightTensor,
  writeSafetensors,
} from '../../src/weights/safetensors.ts';

/** A file with this header, exactly as given, and this many bytes of data. */
function file(header: string, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + text.length + dataBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  return out;
}

const entry = (dtype: string, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

function expectRefusal(bytes: Uint8Array, reason?: RegExp): void {
  let thrown: unknown;
  try {
    readSafetensors(bytes);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(CairnError);
  expect((thrown as CairnError).code).toBe('model-invalid');
  if (reason) expect((thrown as CairnError).message).toMatch(reason);
}

describe('what a header holds', () => {
  test('may be of any depth, and is refused briefly', () => {
    const levels = 200_000;
    const deep = `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expectRefusal(file(`{"a":{"dtype":${deep},"shape":[],"data_offsets":[0,0]}}`), /^.{1,200}$/);
  });

  test('may have a name of any length, and is refused briefly', () => {
    expectRefusal(file(`{"${'x'.repeat(50_000)}":1}`), /^.{1,200}$/);
    expectRefusal(file(`{"${'x'.repeat(50_000)}":${entry('F32', [1], [0, 8])}}`), /^.{1,200}$/);
  });

  test('has an end', () => {
    const empty = entry('U8', [0], [0, 0]);
    const many = Array.from({ length: 100_001 }, (_, i) => `"t${i}":${empty}`);
    expectRefusal(file(`{${many.join()}}`), /claims 100001 tensors/);
  });
});

describe('reading what was written', () => {
  const tensors = new Map<string, WeightTensor>([
    ['odd', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
    ['7', fromFloat32(Float32Array.of(1.5, -2, 0.25, 8), [2, 2])],
    ['half', { dtype: 'F16', shape: [2], data: Uint8Array.of(0, 0x3c, 0, 0xc0) }],
    ['brain', { dtype: 'BF16', shape: [1], data: Uint8Array.of(0x80, 0x3f) }],
    ['long', { dtype: 'I64', shape: [1], data: new Uint8Array(8).fill(255) }],
    ['bytes', { dtype: 'I8', shape: [2, 1], data: Uint8Array.of(255, 1) }],
    ['scalar', fromFloat32(Float32Array.of(3), [])],
    ['empty', fromFloat32(new Float32Array(0), [0, 4])],
    ['__proto__', fromFloat32(Float32Array.of(9), [1])],
    ['é"\n', fromFloat32(Float32Array.of(10), [1])],
  ]);

  test('gives the same tensors, all of them aligned', () => {
    const bytes = writeSafetensors(tensors);
    const read = readSafetensors(bytes);
    expect(new Set(read.keys())).toEqual(new Set(tensors.keys()));
    for (const [name, { dtype, shape, data }] of tensors) {
      const found = read.get(name)!;
      expect(found.dtype).toBe(dtype);
      expect(found.shape).toEqual(shape);
      expect([...found.data]).toEqual([...data]);
    }
    expect(read.get('7')!.data.byteOffset % 8).toBe(0);
    expect(toFloat32(read.get('7')!).buffer).toBe(bytes.buffer);
  });

  test('gives the values of every float type', () => {
    const read = readSafetensors(writeSafetensors(tensors));
    expect([...toFloat32(read.get('half')!)]).toEqual([1, -2]);
    expect([...toFloat32(read.get('brain')!)]).toEqual([1]);
    expect(() => toFloat32(read.get('long')!, 'long')).toThrowError(/"long" is of type I64/);
  });

  test('works at an address that is not aligned', () => {
    const bytes = writeSafetensors(tensors);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const read = readSafetensors(shifted.subarray(1));
    expect([...toFloat32(read.get('7')!)]).toEqual([1.5, -2, 0.25, 8]);
    expect([...toFloat32(read.get('half')!)]).toEqual([1, -2]);
  });

  test('has the same bytes in whatever order tensors and metadata come', () => {
    const metadata = new Map([
      ['b', '1'],
      ['a', '2'],
    ]);
    const one = writeSafetensors(tensors, metadata);
    const other = writeSafetensors(
      new Map([...tensors].reverse()),
      new Map([...metadata].reverse()),
    );
    expect(other).toEqual(one);
    expect(readSafetensorsMetadata(one)).toEqual(metadata);
    expect(readSafetensors(one).has('__metadata__')).toBe(false);
  });

  test('refuses to write a tensor whose bytes do not fit its shape', () => {
    const wrong = new Map([['w', fromFloat32(Float32Array.of(1, 2), [3])]]);
    expect(() => writeSafetensors(wrong)).toThrowError(CairnError);
  });
});

describe('hostile files are refused', () => {
  const good = `{"w":${entry('F32', [2], [0, 8])}}`;
  test.each<[string, Uint8Array, RegExp?]>([
    ['empty', new Uint8Array(0), /shorter/],
    ['seven bytes', new Uint8Array(7), /shorter/],
    ['a header longer than the file', file(good, 8).slice(0, 20), /claims/],
    ['a header of 2^63 bytes', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123, 125), /claims/],
    ['an HTML page', new TextEncoder().encode('<!doctype html><title>404</title>'), /claims/],
    ['bad JSON', file('{"w":'), /JSON/],
    ['a header that is no object', file('[]'), /object/],
    ['a null header', file('null'), /object/],
    ['text that is no UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0x28), /JSON/],
    ['an unknown type', file(`{"w":${entry('F31', [2], [0, 8])}}`, 8), /F31/],
    ['a type named as a method', file(`{"w":${entry('toString', [2], [0, 8])}}`, 8), /type/],
    ['a negative side', file(`{"w":${entry('F32', [-2], [0, 8])}}`, 8), /shape/],
    ['a fractional side', file(`{"w":${entry('F32', [0.5, 4], [0, 8])}}`, 8), /shape/],
    ['a shape that is no list', file(`{"w":${entry('F32', '2', [0, 8])}}`, 8), /shape/],
    ['a product beyond all numbers', file(`{"w":${entry('F32', [2 ** 52, 2 ** 52], [0, 8])}}`, 8)],
    ['one offset', file(`{"w":${entry('F32', [2], [0])}}`, 8), /offsets/],
    ['reversed offsets', file(`{"w":${entry('F32', [2], [8, 0])}}`, 8)],
    ['offsets beyond the file', file(`{"w":${entry('F32', [4], [0, 16])}}`, 8)],
    ['bytes that do not fit the shape', file(`{"w":${entry('F32', [3], [0, 8])}}`, 8)],
    ['a tensor that is null', file('{"w":null}'), /object/],
    ['bytes that belong to no tensor', file(good, 9), /no tensor/],
    ['a gap', file(`{"w":${entry('U8', [1], [1, 2])}}`, 2), /gap/],
    [
      'an overlap',
      file(`{"a":${entry('U8', [4], [0, 4])},"b":${entry('U8', [4], [2, 6])}}`, 6),
      /overlaps/,
    ],
    [
      'two tensors in the same place',
      file(`{"a":${entry('U8', [4], [0, 4])},"b":${entry('U8', [4], [0, 4])}}`, 4),
      /overlaps/,
    ],
  ])('%s', (_, bytes, reason) => expectRefusal(bytes, reason));

  test('whatever is done to a good file, it is read or refused, never crashed on', () => {
    const bytes = writeSafetensors(
      new Map<string, WeightTensor>([
        ['conv.weight', fromFloat32(Float32Array.of(1, 2, 3, 4), [2, 2])],
        ['bn.bias', { dtype: 'F16', shape: [3], data: new Uint8Array(6) }],
      ]),
    );
    const edits = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.nat(bytes.length), (changes, cut) => {
        const copy = bytes.slice(0, cut === 0 ? bytes.length : cut);
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
        try {
          for (const { data } of readSafetensors(copy).values()) {
            expect(data.byteOffset + data.byteLength).toBeLessThanOrEqual(copy.buffer.byteLength);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(CairnError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const MODEL = new URL('../../models/efficientnet-lite0.safetensors', import.meta.url);

test('the shipped Lite0 opens: half convolutions, float batch norms, no classifier', () => {
  expect(existsSync(MODEL)).toBe(true);
  const weights = readSafetensors(new Uint8Array(readFileSync(MODEL)));
  expect(weights.get('_conv_stem.weight')).toMatchObject({ dtype: 'F16', shape: [32, 3, 3, 3] });
  expect(weights.get('_bn1.running_var')).toMatchObject({ dtype: 'F32', shape: [1280] });
  expect([...weights.keys()].filter((name) => /_fc|num_batches/.test(name))).toEqual([]);
  for (const [name, tensor] of weights) {
    expect(toFloat32(tensor, name).every(Number.isFinite), name).toBe(true);
  }
});
