// Which parameters of an encoder belong to its head and to its last stage, by their published names.
import { EFFICIENTNET_LITE, specNamed } from '../../nets/specs.ts';
import type { Arch } from '../../weights/registry.ts';

export type PathTest = (path: string) => boolean;

/** Modules after the last stage's maps, whose names all networks share. */
const HEAD_MODULES = /^(embedding|pooling|whitening)\./;

/** True for what comes after the network's maps: pooling, and the trained head or the whitening. */
export const isHeadPath: PathTest = (path) => HEAD_MODULES.test(path);

/**
 * True for the head, the last stage, and what lies between them.
 * Throws `model-invalid` for a spec that the network has not.
 */
export function lastStagePaths(arch: Arch, spec: string): PathTest {
  const stage = lastStageModules(arch, spec);
  return (path) => isHeadPath(path) || stage.some((module) => path.startsWith(`${module}.`));
}

function lastStageModules(arch: Arch, spec: string): readonly string[] {
  switch (arch) {
    case 'se-resnet':
      return ['layer4'];
    case 'swin':
      return ['layers.3', 'norm'];
    case 'nfnet':
      return ['stages.3', 'final_conv'];
    case 'efficientnet-lite': {
      const { stages } = specNamed(EFFICIENTNET_LITE, spec);
      const blocks = stages.reduce((sum, { repeats }) => sum + repeats, 0);
      const { repeats } = stages.at(-1)!;
      const last = Array.from({ length: repeats }, (_, i) => `_blocks.${blocks - repeats + i}`);
      return [...last, '_conv_head', '_bn1'];
    }
  }
}
