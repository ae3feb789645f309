// `cairn doctor`: what this machine can do, which backend is chosen, which models are here and whole.
import { cpus, totalmem } from 'node:os';
import { toPlainError } from '../../errors.ts';
import { backendInWords } from '../../inference/backend.ts';
import { exactKernel } from '../../retrieval/exact/scorer.ts';
import { findMatcher } from '../../weights/load-registry.ts';
import { folderSource } from '../../weights/node-source.ts';
import type { VerifiedFile } from '../../weights/registry.ts';
import { openCollection } from '../collections.ts';
import { startHarness } from '../harness/index.ts';
import { modelsFolder, openModel, readRegistry } from '../models.ts';
import { openMatcher } from '../open-matcher.ts';
import { printJson } from '../output.ts';

interface Finding {
  readonly ok: boolean;
  readonly detail: string;
}

export async function doctor(options: { json?: boolean }): Promise<void> {
  const models = await checkModels();
  const encoder = await attempt(async () => {
    const { info } = await openModel();
    const { backend } = info;
    const cosine = backend.selfTest.toFixed(5);
    return `${info.id} on ${backendInWords(backend)}: ${backend.reason}; self-test ${cosine}`;
  });
  const matcher = await attempt(testMatcher);
  const collection = await attempt(async () => {
    const { collection: c, shards } = await openCollection();
    const photos = c.labels.reduce((sum, label) => sum + label.photos, 0);
    const size = `${c.labels.length} labels, ${photos} photos, ${shards.length} shards`;
    return `${c.name}: ${size}, hashes right; exact search by ${await exactKernel()}`;
  });
  const training = await attempt(async () => {
    const harness = await startHarness();
    await harness.dispose();
    return harness.why;
  });
  const report = {
    machine: {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    },
    models,
    encoder,
    matcher,
    collection,
    training,
    healthy: [encoder, matcher, collection, training, ...models].every(({ ok }) => ok),
  };
  if (options.json) printJson(report);
  else printInWords(report);
  if (!report.healthy) process.exitCode = 1;
}

async function checkModels(): Promise<({ file: string } & Finding)[]> {
  const source = folderSource(modelsFolder());
  try {
    const { encoders, matchers = [] } = await readRegistry();
    const files = [
      ...encoders.flatMap((e) => [e.weights, e.bank, e.decision, e.golden]),
      ...matchers.flatMap((m) => [m.weights, m.golden]),
    ];
    return await Promise.all(
      files.map(async (file: VerifiedFile) => ({
        file: file.file,
        ...(await attempt(async () => {
          await source.file(file);
          return `${file.bytes} bytes, SHA-256 right`;
        })),
      })),
    );
  } catch (thrown) {
    return [{ file: 'registry.json', ok: false, detail: toPlainError(thrown).message }];
  }
}

/** The default one; a registry without any is whole. */
async function testMatcher(): Promise<string> {
  const registry = await readRegistry();
  if ((registry.matchers ?? []).length === 0) return 'none comes with these models';
  const { id } = findMatcher(registry);
  const { matcher } = await openMatcher({ matcher: id });
  const report = await matcher.open();
  await matcher.dispose();
  const test = report.selfTest;
  const found = test
    ? `self-test ${test.inliers} inliers, off by ${test.error.toFixed(2)} pixels`
    : 'no self-test';
  return `${id} on ${backendInWords(report)}: ${report.reason}; ${found}`;
}

async function attempt(check: () => Promise<string>): Promise<Finding> {
  try {
    return { ok: true, detail: await check() };
  } catch (thrown) {
    const { message, remedy } = toPlainError(thrown);
    return { ok: false, detail: `${message} ${remedy}` };
  }
}

function printInWords(report: {
  machine: object;
  models: readonly ({ file: string } & Finding)[];
  encoder: Finding;
  matcher: Finding;
  collection: Finding;
  training: Finding;
}): void {
  const line = (name: string, { ok, detail }: Finding) =>
    process.stdout.write(`${ok ? 'ok  ' : 'BAD '} ${name}: ${detail}\n`);
  line('machine', { ok: true, detail: Object.values(report.machine).join(', ') });
  for (const model of report.models) line(model.file, model);
  line('encoder', report.encoder);
  line('matcher', report.matcher);
  line('collection', report.collection);
  line('training', report.training);
}
