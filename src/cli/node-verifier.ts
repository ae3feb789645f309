// Geometric verification for commands: the registry's matcher in-process, where the open collection fits it.
import { decodePhoto } from '../imaging/decode-node.ts';
import { loadMatcherModel } from '../inference/load-matcher.ts';
import { OrtMatcher } from '../inference/matcher.ts';
import { nodeRuntime } from '../inference/node-runtime.ts';
import { verifyPhoto } from '../inference/verify-photo.ts';
import type { Verifier } from '../recognizer.ts';
import { VERIFICATION } from '../rerank/presets.ts';
import type { Collection, MatcherIdentity } from '../retrieval/collection.ts';
import type { ReferenceSource } from '../retrieval/search.ts';
import { parseRegistry } from '../weights/load-registry.ts';
import { folderSource } from '../weights/node-source.ts';
import { modelsFolder } from './models.ts';
import { note } from './output.ts';

/** The registry's default matcher, as collections name it; null where there is none. Throws `model-*`. */
export async function defaultMatcher(): Promise<MatcherIdentity | null> {
  const { matchers = [], defaultMatcher: id } = parseRegistry(
    await folderSource(modelsFolder()).registry(),
  );
  const entry = matchers.find((each) => each.id === id);
  return entry ? { id: entry.id, weightsSha256: entry.weights.sha256 } : null;
}

/** Undefined where the collection keeps nothing that the registry's matcher can use. Throws `model-*`. */
export async function nodeVerifier(
  { matcher: made }: Pick<Collection, 'matcher'>,
  index: Pick<ReferenceSource, 'references'>,
): Promise<Verifier | undefined> {
  const own = await defaultMatcher();
  if (!made || !own || made.id !== own.id || made.weightsSha256 !== own.weightsSha256) {
    return undefined;
  }
  const source = folderSource(modelsFolder());
  const matcher = new OrtMatcher({
    runtime: nodeRuntime(),
    load: (work) => loadMatcherModel(source, own.id, work),
  });
  return {
    preset: VERIFICATION,
    references: (embedding, labels) =>
      index.references(embedding, labels, VERIFICATION.viewsOfLabel),
    verify: async (photo, task, work) => {
      const bytes = photo instanceof Blob ? new Uint8Array(await photo.arrayBuffer()) : photo;
      const decode = async (picture: Blob) =>
        decodePhoto(new Uint8Array(await picture.arrayBuffer()));
      return verifyPhoto(matcher, await decodePhoto(bytes), task, decode, work);
    },
    onProblem: (thrown) => note(`not verified: ${String(thrown)}`),
  };
}
