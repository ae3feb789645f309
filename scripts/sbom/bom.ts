// The whole document: CycloneDX 1.6 (cyclonedx.org/docs/1.6/json). The same for the same files: no date, no chance.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRegistry } from '../../src/weights/load-registry.ts';
import { ROOT } from '../document.ts';
import {
  type Component,
  collectionOf,
  type Dependency,
  type LockFile,
  modelsOf,
  packagesOf,
  rootNeeds,
} from './components.ts';

export interface Bom {
  readonly $schema: string;
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.6';
  readonly serialNumber: string;
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
}

/** Of the repository as it is now. */
export async function makeBom(): Promise<Bom> {
  const read = (path: string) => readFile(join(ROOT, path), 'utf8');
  const [manifest, lockText, registry, collection] = await Promise.all([
    read('package.json'),
    read('package-lock.json'),
    readFile(join(ROOT, 'models/registry.json')),
    read('public/collections/default/collection.json'),
  ]);
  const { name, version, description, license } = JSON.parse(manifest) as Record<string, string>;
  const lock = JSON.parse(lockText) as LockFile;
  const packages = packagesOf(lock);
  const own = [...modelsOf(parseRegistry(registry)), collectionOf(collection)];
  const ref = `${name}@${version}`;
  const component: Component = {
    type: 'application',
    'bom-ref': ref,
    name: name ?? '',
    version: version ?? '',
    description: description ?? '',
    purl: `pkg:npm/${ref}`,
    licenses: [{ license: { id: license ?? '' } }],
  };
  const content = {
    metadata: { component },
    components: [...packages.components, ...own],
    dependencies: [
      { ref, dependsOn: [...rootNeeds(lock), ...own.map((one) => one['bom-ref'])] },
      ...packages.dependencies,
    ],
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: uuidOf(JSON.stringify(content)),
    version: 1,
    ...content,
  };
}

/** Version 8 of RFC 9562: its bits are ours to choose, but for six. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}
