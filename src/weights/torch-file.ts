// PyTorch's .pth and .pt files: a ZIP with a pickle and raw storages, or (before 1.6) a row of pickles.
// Tensors only: nothing in the file is executed, and what is no tensor or dict is refused by name.
// Formats: pytorch/pytorch, torch/serialization.py, `_save` and `_legacy_save`.
import { shownValue } from '../errors.ts';
import { invalidCheckpoint, type PickleValue, readPickle } from './pickle.ts';
import { ELEMENT_BYTES, type WeightTensor } from './safetensors.ts';
import {
  type CopyBudget,
  materialise,
  type Storage,
  TorchTensor,
  torchHooks,
} from './torch-tensor.ts';
import { isZip, ZipFile } from './zip.ts';

export interface TorchFile {
  /** In the order of the file, by names without the `module.` of DataParallel. */
  readonly weights: ReadonlyMap<string, WeightTensor>;
  /** The dict inside the file that the weights came from, such as `state_dict`; empty for the whole. */
  readonly path: readonly string[];
}

/** Under these, training scripts put the state dict beside epochs and optimisers; in this order. */
const WRAPPERS = ['state_dict', 'model', 'model_state_dict', 'state_dict_ema', 'model_ema'];
const MAX_WRAPPING = 3;
const PARALLEL_PREFIX = 'module.';

/** `torch.serialization.MAGIC_NUMBER` as the old format's first pickle. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_VERSION = 1001;
const LEGACY_PICKLE = 0x80;

/** Copies of strided tensors may take this many bytes, and this many times the file. */
const COPY_ALLOWANCE = { bytes: 2 ** 26, files: 4 } as const;

/** True for bytes that begin as one of the two formats does; safetensors begin with a length instead. */
export function isTorchFile(bytes: Uint8Array): boolean {
  return isZip(bytes) || isLegacy(bytes);
}

function isLegacy(bytes: Uint8Array): boolean {
  // PROTO 2, LONG1, ten bytes: the pickled magic number.
  return bytes[0] === LEGACY_PICKLE && bytes[2] === 0x8a && bytes[3] === 0x0a;
}

/**
 * Reads a state dict, alone or inside a training checkpoint. Contiguous tensors are views of `bytes`.
 * Throws `model-invalid` for anything else, naming what it was.
 */
export async function readTorchFile(bytes: Uint8Array): Promise<TorchFile> {
  if (!isTorchFile(bytes)) {
    throw invalidCheckpoint('it is neither a ZIP file nor one of the older PyTorch format');
  }
  const { root, data } = isZip(bytes) ? await readZip(bytes) : readLegacy(bytes);
  const { tensors, path } = findTensors(root);
  const budget: CopyBudget = {
    bytes: COPY_ALLOWANCE.bytes + COPY_ALLOWANCE.files * bytes.byteLength,
  };
  const weights = new Map<string, WeightTensor>();
  for (const [name, tensor] of withoutPrefix(tensors)) {
    weights.set(name, materialise(tensor, data(tensor.storage), budget));
  }
  return { weights, path };
}

interface Unpickled {
  readonly root: PickleValue;
  readonly data: (storage: Storage) => Uint8Array;
}

async function readZip(bytes: Uint8Array): Promise<Unpickled> {
  const zip = new ZipFile(bytes);
  const pickled = [...zip.entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickled)
    throw invalidCheckpoint('as a ZIP file it has no data.pkl: PyTorch did not make it');
  const folder = pickled.name.slice(0, -'data.pkl'.length);
  if (zip.entries.has(`${folder}constants.pkl`)) {
    throw invalidCheckpoint('it is a TorchScript program, not a state dict');
  }
  const order = zip.entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(await zip.read(order)).trim() !== 'little') {
    throw invalidCheckpoint('it was saved on a big-endian machine');
  }
  const storages = new Map<string, Storage>();
  const { value } = readPickle(await zip.read(pickled), torchHooks(storages));
  const data = new Map<Storage, Uint8Array>();
  for (const storage of storages.values()) {
    const entry = zip.entries.get(`${folder}data/${storage.key}`);
    if (!entry) throw invalidCheckpoint(`its storage ${shownValue(storage.key)} is missing`);
    if (entry.size !== storage.length * ELEMENT_BYTES[storage.dtype]) {
      throw invalidCheckpoint(
        `its storage ${shownValue(storage.key)} is of another length than declared`,
      );
    }
    data.set(storage, await zip.read(entry));
  }
  return { root: value, data: (storage) => data.get(storage)! };
}

/** Magic, version, facts of the machine, the object, the keys of storages; then each storage. */
function readLegacy(bytes: Uint8Array): Unpickled {
  const storages = new Map<string, Storage>();
  const hooks = torchHooks(storages);
  let at = 0;
  const next = () => {
    const { value, end } = readPickle(bytes, hooks, at);
    at = end;
    return value;
  };
  if (next() !== LEGACY_MAGIC || next() !== LEGACY_VERSION) {
    throw invalidCheckpoint('it is a pickle, but not one of PyTorch');
  }
  const machine = next();
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) {
    throw invalidCheckpoint('it was saved on a big-endian machine');
  }
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw invalidCheckpoint('it has no list of storages');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Map<Storage, Uint8Array>();
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage) throw invalidCheckpoint('it lists a storage that no tensor uses');
    const size = storage.length * ELEMENT_BYTES[storage.dtype];
    const begin = at + 8;
    const whole = begin + size <= bytes.byteLength;
    if (!whole || view.getBigInt64(at, true) !== BigInt(storage.length)) {
      throw invalidCheckpoint(`its storage ${shownValue(storage.key)} is cut short`);
    }
    data.set(storage, bytes.subarray(begin, begin + size));
    at = begin + size;
  }
  for (const storage of storages.values()) {
    if (!data.has(storage))
      throw invalidCheckpoint(`its storage ${shownValue(storage.key)} is missing`);
  }
  return { root, data: (storage) => data.get(storage)! };
}

/** The dict of tensors: the root, or what lies under one of the usual names in it. */
function findTensors(root: PickleValue): {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly path: readonly string[];
} {
  let dict = root;
  const path: string[] = [];
  while (dict instanceof Map) {
    const tensors = new Map<string, TorchTensor>();
    for (const [name, value] of dict) {
      if (typeof name === 'string' && value instanceof TorchTensor) tensors.set(name, value);
    }
    if (tensors.size > 0) return { tensors, path };
    const inside: ReadonlyMap<PickleValue, PickleValue> = dict;
    const wrapper = WRAPPERS.find((name) => inside.get(name) instanceof Map);
    if (wrapper === undefined || path.length >= MAX_WRAPPING) break;
    path.push(wrapper);
    dict = inside.get(wrapper)!;
  }
  throw invalidCheckpoint('it holds no dict of tensors');
}

function withoutPrefix(tensors: ReadonlyMap<string, TorchTensor>): [string, TorchTensor][] {
  const all = [...tensors];
  if (!all.every(([name]) => name.startsWith(PARALLEL_PREFIX))) return all;
  return all.map(([name, tensor]) => [name.slice(PARALLEL_PREFIX.length), tensor]);
}
