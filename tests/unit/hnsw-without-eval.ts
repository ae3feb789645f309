// Run as a process of its own: prints what hnswlib-wasm finds, and whether text may be compiled.
import { loadHnsw } from '../../src/retrieval/hnsw-runtime.ts';

function compiles(): boolean {
  try {
    return Boolean(new Function('return true')());
  } catch {
    return false;
  }
}

const able = compiles();
const DIM = 8;
const runtime = await loadHnsw();
const graph = runtime.create(DIM);
graph.initIndex(50, 8, 40, 1);
const vector = (i: number) =>
  Float32Array.from({ length: DIM }, (_, k) => Math.sin(i * 1.7 + k * (1 + (i % 3))));
const rows = Array.from({ length: 50 }, (_, i) => i);
graph.addPoints(rows.map(vector), rows, false);
const copy = runtime.create(DIM);
runtime.load(copy, runtime.save(graph), 60);
const found = [3, 17, 42].map(
  (i) => copy.searchKnn(vector(i), 5, (row) => row % 2 === 0).neighbors,
);
let refused = '';
try {
  (graph.addPoints as (...given: unknown[]) => void)(vector(1));
} catch (thrown) {
  refused = String(thrown);
}
graph.delete();
copy.delete();
process.stdout.write(JSON.stringify({ compiles: able, found, refused }));
