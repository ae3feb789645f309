// What this device has for fine-tuning: storage and memory, as far as the browser tells.
import type { CairnStore } from '../../retrieval/store.ts';
import type { DeviceFacts } from '../../training/adapter/tuning-data.ts';
import { storageLeft } from './storage-room.ts';

const GIBIBYTE = 2 ** 30;

/** As things stand now. What the browser does not say is null. */
export async function deviceFacts(store: CairnStore): Promise<DeviceFacts> {
  const { deviceMemory } = navigator as { readonly deviceMemory?: number };
  return {
    persistent: store.persistent,
    storageLeft: await storageLeft(),
    memory: deviceMemory === undefined ? null : deviceMemory * GIBIBYTE,
  };
}
