// Every target, in the order in which they are run.
import type { FuzzTarget } from '../target.ts';
import * as collections from './collections.ts';
import * as containers from './containers.ts';
import * as lists from './lists.ts';
import * as photos from './photos.ts';
import * as remote from './remote.ts';
import * as torch from './torch.ts';
import * as trees from './trees.ts';
import * as weights from './weights.ts';

export const TARGETS: readonly FuzzTarget[] = [
  photos,
  collections,
  containers,
  remote,
  weights,
  torch,
  trees,
  lists,
].flatMap((module) => Object.values(module) as FuzzTarget[]);
