// The one way in which imports run: from the page, commands and workers down to errors and progress.
// Floors are named from the top; a folder may import from its own floor and from those below.
const FLOORS = [
  ['^src/app/', '^src/cli/', '^src/library/'],
  ['^src/browser/', '^workers/'],
  ['^src/recognizer\\.ts$'],
  ['retrieval', 'rerank', 'nets', 'training', 'evaluation', 'inference'].map((f) => `^src/${f}/`),
  ['weights', 'imaging', 'geometry', 'matching', 'tensor', 'bridge', 'offline'].map(
    (f) => `^src/${f}/`,
  ),
  ['^src/errors\\.ts$', '^src/progress\\.ts$', '^src/random\\.ts$'],
];

const upward = FLOORS.slice(1).map((floor, i) => ({
  name: `no-import-upward-from-floor-${i + 1}`,
  comment: 'Imports run downward only (see the floors at the top of this file).',
  severity: 'error',
  from: { path: floor },
  to: { path: FLOORS.slice(0, i + 1).flat() },
}));

/** Shapes of what recognition says: types that every floor may name. */
const SHARED_TYPES = ['^src/verdict\\.ts$'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'no-circular',
      comment:
        'Two files that need each other are one file, or miss a third. Types may: they vanish.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unknown-floor',
      comment: 'A new folder under src/ must be given its floor in this file.',
      severity: 'error',
      from: { path: '^src/', pathNot: [...FLOORS.flat(), ...SHARED_TYPES] },
      to: {},
    },
    {
      name: 'no-node-in-the-page',
      comment: 'What the page or a worker loads must run in a browser.',
      severity: 'error',
      from: { path: ['^src/app/', '^src/browser/', '^src/library/', '^workers/'] },
      to: { reachable: true, path: ['^src/cli/', '-node\\.ts$', '/node-[^/]*\\.ts$', '^node:'] },
    },
    {
      name: 'no-database-in-the-page',
      comment:
        'The driver of PostgreSQL is for commands; a page asks a service (src/retrieval/remote).',
      severity: 'error',
      from: { path: ['^src/app/', '^src/browser/', '^src/library/', '^workers/'] },
      to: { reachable: true, path: ['^src/retrieval/postgres/', 'node_modules/pg/'] },
    },
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      from: {},
      to: { path: '^(tests|scripts)/' },
    },
    {
      name: 'benchmarks-by-command-only',
      severity: 'error',
      from: { pathNot: '^(src/cli|bench)/' },
      to: { path: '^bench/' },
    },
    {
      name: 'declared-packages-only',
      comment: 'A package that package.json does not name may vanish with the one that brought it.',
      severity: 'error',
      from: {},
      // Vite's ?url names a file of a package, which the rule for its import already covers.
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'], pathNot: '\\?url$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Types count too: a floor that names a shape of one above knows of it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'default', 'types'],
    },
  },
};
