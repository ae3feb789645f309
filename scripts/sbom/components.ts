// What Cairn consists of, as components of CycloneDX 1.6: packages of the lock file, models, the default collection.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Registry, VerifiedFile } from '../../src/weights/registry.ts';

export interface Component {
  readonly type: 'library' | 'application' | 'machine-learning-model' | 'data' | 'file';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  /** `optional`: absent on some systems, and everything works without. */
  readonly scope?: 'required' | 'optional';
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: 'SHA-256' | 'SHA-512'; readonly content: string }[];
  readonly licenses?: readonly Licence[];
  readonly components?: readonly Component[];
}

type Licence =
  | { readonly license: { readonly id: string } | { readonly name: string } }
  | { readonly expression: string };

export interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

/** The part of package-lock.json (version 3) that is read here. */
export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  /** `sha512-` and base64. */
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const FOLDER = 'node_modules/';

/**
 * All packages that an installation without development has, on any system, and who needs whom. `npm sbom --omit dev`
 * leaves out those that development needs as well (commander, tsx, vite), and knows only the system it runs on.
 */
export function packagesOf({ packages }: LockFile): {
  readonly components: Component[];
  readonly dependencies: Dependency[];
} {
  const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  // One package may lie at several places.
  const byRef = new Map(shipped.map(([path, entry]) => [refOf(path, entry), { path, entry }]));
  const components = [...byRef].map(([ref, { path, entry }]): Component => {
    const name = nameOf(path);
    const { version = '', license, integrity, optional, devOptional } = entry;
    return {
      type: 'library',
      'bom-ref': ref,
      name,
      version,
      scope: optional || devOptional ? 'optional' : 'required',
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      ...(integrity ? { hashes: [sha512(integrity)] } : {}),
      ...(license ? { licenses: [licenceOf(license)] } : {}),
    };
  });
  const dependencies = [...byRef].map(([ref, { path, entry }]) => ({
    ref,
    dependsOn: needsOf(packages, path, entry),
  }));
  return { components: sorted(components), dependencies };
}

/** What the root needs, without development. */
export function rootNeeds({ packages }: LockFile): string[] {
  return needsOf(packages, '', packages[''] ?? {});
}

function needsOf(packages: LockFile['packages'], path: string, entry: LockedPackage): string[] {
  const names = Object.keys({ ...entry.dependencies, ...entry.optionalDependencies });
  const refs = names.flatMap((name) => {
    const place = find(packages, path, name);
    const found = place === null ? undefined : packages[place];
    return place !== null && found && !found.dev ? [refOf(place, found)] : [];
  });
  return [...new Set(refs)].sort();
}

/** Node's own search: beside the package that asks, then further out. */
function find(packages: LockFile['packages'], from: string, name: string): string | null {
  for (let folder = from; ; folder = posix.dirname(folder)) {
    const base = folder === '' || folder === '.' ? '' : `${folder}/`;
    const place = `${base}${FOLDER}${name}`;
    if (place in packages) return place;
    if (base === '') return null;
  }
}

/** Weights and what belongs to them: hashes and licences of models/registry.json. */
export function modelsOf(registry: Registry): Component[] {
  const encoders = registry.encoders.map((entry) =>
    model(entry, entry.licence, entry.weights, [entry.bank, entry.decision, entry.golden]),
  );
  const ensembles = (registry.ensembles ?? []).map((entry) => {
    const licence = registry.encoders.find(({ id }) => id === entry.members[0]?.encoder)?.licence;
    const { bank, decision, golden } = entry;
    return model(entry, licence, bank, [decision, ...(golden ? [golden] : [])]);
  });
  const matchers = (registry.matchers ?? []).map((entry) =>
    model(entry, entry.licence, entry.weights, [entry.golden]),
  );
  return sorted([...encoders, ...ensembles, ...matchers]);
}

function model(
  { id, title }: { readonly id: string; readonly title: string },
  licence: string | undefined,
  main: VerifiedFile,
  others: readonly VerifiedFile[],
): Component {
  return {
    type: 'machine-learning-model',
    'bom-ref': `model:${id}`,
    name: id,
    version: main.sha256.slice(0, 12),
    description: title,
    hashes: [{ alg: 'SHA-256', content: main.sha256 }],
    ...(licence ? { licenses: [licenceOf(licence)] } : {}),
    components: [main, ...others].map((file) => fileOf(`model:${id}/`, file)),
  };
}

function fileOf(at: string, { file, sha256 }: Pick<VerifiedFile, 'file' | 'sha256'>): Component {
  return {
    type: 'file',
    'bom-ref': `${at}${file}`,
    name: file,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
  };
}

/** @param text collection.json */
export function collectionOf(text: string): Component {
  const { name, created, licence, shards } = JSON.parse(text) as {
    readonly name: string;
    readonly created: string;
    readonly licence: string;
    readonly shards: readonly VerifiedFile[];
  };
  const sha256 = createHash('sha256').update(text).digest('hex');
  const files = [{ file: 'collection.json', sha256 }, ...shards];
  return {
    type: 'data',
    'bom-ref': 'collection:default',
    name,
    version: created.slice(0, 10),
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: [licenceOf(licence)],
    components: files.map((file) => fileOf('collection:default/', file)),
  };
}

/** An SPDX identifier, an SPDX expression, or words. */
function licenceOf(text: string): Licence {
  if (/^[A-Za-z0-9.+-]+$/.test(text)) return { license: { id: text } };
  return /^[A-Za-z0-9.+() -]+ (AND|OR|WITH) [A-Za-z0-9.+() -]+$/.test(text)
    ? { expression: text }
    : { license: { name: text } };
}

function sha512(integrity: string): { readonly alg: 'SHA-512'; readonly content: string } {
  const [, base64 = ''] = /^sha512-(\S+)$/.exec(integrity) ?? [];
  return { alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') };
}

const nameOf = (path: string) => path.slice(path.lastIndexOf(FOLDER) + FOLDER.length);
const refOf = (path: string, { version = '' }: LockedPackage) => `${nameOf(path)}@${version}`;

function sorted(components: readonly Component[]): Component[] {
  return [...components].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
}
