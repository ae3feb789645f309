// What the package promises: an API that changes with its version only, and the files of its registry.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/document.ts';
import { libraryTypes } from '../../scripts/library/build.ts';
import { filesOfRegistry, servedRegistry } from '../../scripts/library/served-files.ts';
import { findServed, parseRegistry, REGISTRY_FILE } from '../../src/weights/load-registry.ts';

const read = (path: string) => readFileSync(join(ROOT, path));

describe('the API of the package', () => {
  it('is the one that was released under its version', async () => {
    const { version } = JSON.parse(String(read('src/library/package.json'))) as { version: string };
    const released = String(read('src/library/cairn.api.d.ts'));
    // Where this fails: raise the version as semantic versioning wants it, then `npm run library:api`.
    expect(`// ${version}\n${await libraryTypes()}`).toBe(released);
  });
});

describe('the models of the package', () => {
  const registry = parseRegistry(read(`models/${REGISTRY_FILE}`));
  const served = servedRegistry(registry);

  it('are the default ones, whole, and a registry of just those', () => {
    expect(parseRegistry(new TextEncoder().encode(JSON.stringify(served)))).toEqual(served);
    expect(findServed(served)).toEqual(findServed(registry));
    expect(served.encoders.length).toBeLessThan(registry.encoders.length);
  });

  it('lie in models/, every one that the registry names', () => {
    const files = filesOfRegistry(served);
    expect(files.filter((file) => !existsSync(join(ROOT, 'models', file)))).toEqual([]);
    const { bank, decision } = findServed(served);
    expect(files).toEqual(expect.arrayContaining([bank.file, decision.file]));
    expect(files.some((file) => file.endsWith('.md'))).toBe(true);
  });
});
