// When a collection was installed, which also tells its versions apart: in other tabs, and in what is open.
import type { InstalledCollection } from './store.ts';

/**
 * The record with a time after that of the one it replaces: clocks are set back, and those of some browsers stand still
 * for a tenth of a second.
 */
export function laterThan(
  old: InstalledCollection | undefined,
  record: InstalledCollection,
): InstalledCollection {
  if (!old || record.installed > old.installed) return record;
  return { ...record, installed: new Date(Date.parse(old.installed) + 1).toISOString() };
}
