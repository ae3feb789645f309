// The matcher that a command is told to use: one of the registry, or networks from the user's own files.
import { loadMatcherModel } from '../inference/load-matcher.ts';
import { type MatcherModel, OrtMatcher } from '../inference/matcher.ts';
import { nodeRuntime } from '../inference/node-runtime.ts';
import { MAX_SIDE } from '../matching/presets.ts';
import { type MatcherNetwork, matcherParameters, matcherSpecs } from '../nets/matchers.ts';
import { startWeights } from '../nets/parameters.ts';
import { findMatcher } from '../weights/load-registry.ts';
import { renameCheckpoint } from '../weights/name-maps.ts';
import { folderSource } from '../weights/node-source.ts';
import { readNumber } from './flags.ts';
import { modelsFolder, readRegistry } from './models.ts';
import { readCheckpoint } from './network-model.ts';
import { usage } from './output.ts';

/** As commander gives them. */
export interface MatcherChoice {
  /** The id of a matcher of the registry; its default when nothing else is given. */
  readonly matcher?: string | undefined;
  /** LoFTR's, and the row of its specs, which the file may say itself. */
  readonly weights?: string | undefined;
  readonly spec?: string | undefined;
  /** With `spec`: weights that mean nothing. */
  readonly random?: boolean | undefined;
  readonly superpoint?: string | undefined;
  readonly superglue?: string | undefined;
  readonly longestSide?: string | undefined;
}

export interface ChosenMatcher {
  readonly matcher: OrtMatcher;
  /** For people and reports. */
  readonly name: string;
}

/** Nothing is loaded before its first use. Throws `usage`, `model-missing`, `model-invalid`. */
export async function openMatcher(choice: MatcherChoice): Promise<ChosenMatcher> {
  const { name, load } = await chooseModel(choice);
  const longestSide = readLongestSide(choice.longestSide);
  const sides = longestSide === undefined ? {} : { longestSide };
  const matcher = new OrtMatcher({ runtime: nodeRuntime(), load, ...sides });
  return { matcher, name };
}

/** `--longest-side`, in pixels, if it is given. Throws `usage`. */
export function readLongestSide(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return readNumber('--longest-side', text, { whole: true, least: LEAST_SIDE, most: MAX_SIDE });
}

/** Pixels: below it no network has cells off the edges. */
const LEAST_SIDE = 64;

export interface ChosenModel {
  readonly name: string;
  readonly load: () => Promise<MatcherModel>;
}

/** What a choice means, without the longest side. Throws as {@link openMatcher}. */
export async function chooseModel(
  choice: Omit<MatcherChoice, 'longestSide'>,
): Promise<ChosenModel> {
  const { matcher, weights, spec, random, superpoint, superglue } = choice;
  const keypoints = superpoint !== undefined || superglue !== undefined;
  const ways = [matcher !== undefined, weights !== undefined, random === true, keypoints];
  if (ways.filter(Boolean).length > 1) {
    throw usage(
      'More than one matcher is named.',
      'Give --matcher, or --weights, or --superpoint with --superglue.',
    );
  }
  if (spec !== undefined && weights === undefined && !random) {
    throw usage('--spec says nothing without weights.', 'Add --weights FILE.');
  }
  if (keypoints) {
    if (superpoint === undefined || superglue === undefined) {
      throw usage('SuperPoint and SuperGlue go together.', 'Give --superpoint and --superglue.');
    }
    return { name: 'superpoint and superglue', load: () => keypointModel(superpoint, superglue) };
  }
  if (random) {
    const size = spec ?? matcherSpecs('loftr')[0]!;
    const parameters = matcherParameters('loftr', size);
    return {
      name: `loftr/${size}`,
      load: async () => ({ spec: size, weights: startWeights(parameters, SEED) }),
    };
  }
  if (weights !== undefined) {
    const model = await readNetwork('loftr', weights, spec);
    return { name: `loftr/${model.spec}`, load: async () => model };
  }
  const { id } = findMatcher(await readRegistry(), matcher);
  return { name: id, load: () => loadMatcherModel(folderSource(modelsFolder()), id) };
}

/** Of random weights: the same network each time. */
const SEED = 1;

async function keypointModel(superpoint: string, superglue: string): Promise<MatcherModel> {
  return {
    arch: 'superglue',
    superpoint: await readNetwork('superpoint', superpoint),
    superglue: await readNetwork('superglue', superglue),
  };
}

/** Weights by our names, with the size that is given or that the file says it has. Throws `usage`, `model-invalid`. */
async function readNetwork(arch: MatcherNetwork, file: string, given?: string) {
  const { weights, metadata } = await readCheckpoint(file);
  const said = metadata.get('spec') ?? metadata.get('network')?.split('/')[1];
  // SuperPoint and SuperGlue are published in one size each, LoFTR in three.
  const usual = arch === 'loftr' ? undefined : matcherSpecs(arch)[0];
  const spec = given ?? said ?? usual;
  const sizes = matcherSpecs(arch).join(', ');
  if (spec === undefined) {
    throw usage(`${file} does not say its size.`, `Give it with --spec: one of ${sizes}.`);
  }
  if (!matcherSpecs(arch).includes(spec)) {
    throw usage(`There is no ${arch}/${spec}.`, `Use one of: ${sizes}.`);
  }
  return { spec, weights: renameCheckpoint(arch, weights).weights };
}
