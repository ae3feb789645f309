// What the pickle of a PyTorch checkpoint may refer to: storages and views of them, made into tensors.
import { shownValue } from '../errors.ts';
import {
  invalidCheckpoint,
  Made,
  Name,
  type PickleHooks,
  type PickleValue,
  Tuple,
} from './pickle.ts';
import { type DType, ELEMENT_BYTES, type WeightTensor } from './safetensors.ts';

/** Storage classes of torch by what they hold. Complex and quantised ones are no weights of ours. */
const STORAGES: Readonly<Record<string, DType>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};
const ORDERED_DICT = 'collections.OrderedDict';
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor';
const REBUILD_TENSOR_V2 = 'torch._utils._rebuild_tensor_v2';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';
const CALLABLE = [ORDERED_DICT, REBUILD_TENSOR, REBUILD_TENSOR_V2, REBUILD_PARAMETER];

/** More axes than any weights have; torch's own limit is 64. */
const MAX_RANK = 16;

/** A run of elements that tensors are views of; its bytes are found after the pickle is read. */
export class Storage extends Made {
  constructor(
    readonly key: string,
    readonly dtype: DType,
    /** Elements. */
    readonly length: number,
  ) {
    super();
  }
}

/** A view of a storage; offset and strides are in elements. */
export class TorchTensor extends Made {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {
    super();
  }
}

/** Hooks for one checkpoint; `storages` gets every storage that it names, by key. */
export function torchHooks(storages: Map<string, Storage>): PickleHooks {
  const given = new Set<PickleValue>();
  return {
    knows: (path) => Object.hasOwn(STORAGES, path) || CALLABLE.includes(path),
    call(path, args) {
      switch (path) {
        case ORDERED_DICT:
          return orderedDict(args, given);
        case REBUILD_TENSOR:
        case REBUILD_TENSOR_V2:
          return rebuildTensor(args);
        case REBUILD_PARAMETER:
          if (!(args[0] instanceof TorchTensor))
            throw invalidCheckpoint('a parameter is no tensor');
          return args[0];
        default:
          throw invalidCheckpoint(`it calls ${path}`);
      }
    },
    persistent: (id) => storageOf(id, storages),
  };
}

/**
 * Python 2 pickled the items as an argument, Python 3 sets them afterwards.
 * @param given lists that have become dicts: a second dict of one would take time and memory that no byte of the
 * file pays for
 */
function orderedDict(
  args: readonly PickleValue[],
  given: Set<PickleValue>,
): Map<PickleValue, PickleValue> {
  const [items] = args;
  const map = new Map<PickleValue, PickleValue>();
  if (items === undefined) return map;
  if (given.has(items)) throw invalidCheckpoint('two dicts are made of one list');
  given.add(items);
  for (const pair of Array.isArray(items) ? items : []) {
    const [key, value] = pair instanceof Tuple ? pair.items : Array.isArray(pair) ? pair : [];
    if (key === undefined || value === undefined) throw invalidCheckpoint('a dict is malformed');
    map.set(key, value);
  }
  return map;
}

/** `('storage', class, key, device, elements)`, in old files with a sixth item for views. */
function storageOf(id: PickleValue, storages: Map<string, Storage>): Storage {
  const [kind, type, key, , length, view] = id instanceof Tuple ? id.items : [];
  const dtype = type instanceof Name ? STORAGES[type.path] : undefined;
  if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isCount(length)) {
    throw invalidCheckpoint('a storage is described in an unknown way');
  }
  if (view !== undefined && view !== null) {
    throw invalidCheckpoint('a storage is a view of another, as PyTorch before 0.4 wrote them');
  }
  const known = storages.get(key);
  if (known && known.dtype === dtype && known.length === length) return known;
  if (known) throw invalidCheckpoint(`the storage ${shownValue(key)} is described in two ways`);
  const storage = new Storage(key, dtype, length);
  storages.set(key, storage);
  return storage;
}

function rebuildTensor([storage, offset, size, stride]: readonly PickleValue[]): TorchTensor {
  const shape = size instanceof Tuple ? size.items : null;
  const strides = stride instanceof Tuple ? stride.items : null;
  if (!(storage instanceof Storage) || !isCount(offset) || !shape || !strides) {
    throw invalidCheckpoint('a tensor is described in an unknown way');
  }
  const fine = shape.every(isCount) && strides.every(isCount);
  if (!fine || shape.length !== strides.length || shape.length > MAX_RANK) {
    throw invalidCheckpoint('a tensor has an impossible shape');
  }
  const sides = shape as readonly number[];
  const steps = strides as readonly number[];
  // One past the last element that is read; sums beyond 2^53 are too large in floating point too.
  const last = sides.reduce((sum, side, axis) => sum + (side - 1) * steps[axis]!, offset);
  if (!sides.includes(0) && last >= storage.length) {
    throw invalidCheckpoint(`a tensor reaches beyond its storage ${shownValue(storage.key)}`);
  }
  return new TorchTensor(storage, offset, sides, steps);
}

function isCount(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** How many bytes may still be copied for tensors that are not contiguous in their storage. */
export interface CopyBudget {
  bytes: number;
}

/**
 * Row-major bytes of a tensor: a view of its storage where that is possible, else a copy.
 * @param data the storage's bytes, little-endian
 * Throws `model-invalid` when copies of one file exceed the budget.
 */
export function materialise(
  { storage, offset, shape, strides }: TorchTensor,
  data: Uint8Array,
  budget: CopyBudget,
): WeightTensor {
  const { dtype } = storage;
  const width = ELEMENT_BYTES[dtype];
  const bytes = shape.reduce((product, side) => product * side, width);
  if (bytes === 0) return { dtype, shape, data: new Uint8Array(0) };
  if (isContiguous(shape, strides)) {
    return { dtype, shape, data: data.subarray(offset * width, offset * width + bytes) };
  }
  budget.bytes -= bytes;
  // Written so that an infinite product is refused too.
  if (!(budget.bytes >= 0)) throw invalidCheckpoint('its tensors repeat their numbers too often');
  return { dtype, shape, data: gather(data, offset, shape, strides, width, bytes) };
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const side = shape[axis]!;
    // The stride of an axis of one element says nothing.
    if (side !== 1 && strides[axis] !== expected) return false;
    expected *= side;
  }
  return true;
}

function gather(
  data: Uint8Array,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  width: number,
  bytes: number,
): Uint8Array {
  const out = new Uint8Array(bytes);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < bytes; to += width) {
    for (let b = 0; b < width; b++) out[to + b] = data[from * width + b]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
