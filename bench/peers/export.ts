// Exports the networks of bench/peers/networks.ts by PyTorch, for `npm run bench:peers` to time beside ours.
// Run: PYTHON=python3 npx tsx bench/peers/export.ts   (Python with scripts/requirements.txt)
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXPORTS_FOLDER } from './install.ts';
import { exportOf, NETWORKS } from './networks.ts';

const PYTHON = process.env.PYTHON ?? 'python3';
const SCRIPT = resolve(import.meta.dirname, '../../scripts/export-torch-onnx.py');
const VERSIONS =
  'import json, timm, torch, torchvision; print(json.dumps({m.__name__: m.__version__ for m in (torch, timm, torchvision)}))';

/** Read by the report. */
export const VERSIONS_FILE = join(EXPORTS_FOLDER, 'versions.json');

if (process.argv[1] === import.meta.filename) {
  mkdirSync(EXPORTS_FOLDER, { recursive: true });
  for (const network of NETWORKS) {
    const args = [SCRIPT, network.model, String(network.side), exportOf(network).folder];
    execFileSync(PYTHON, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    console.log(exportOf(network).onnx);
  }
  writeFileSync(VERSIONS_FILE, execFileSync(PYTHON, ['-c', VERSIONS]));
}
