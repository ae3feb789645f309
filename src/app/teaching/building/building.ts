// Learning a folder as the page sees it: the plan, how far it is, what became of each file.
import type { ReadonlySignal } from '@preact/signals';
import type { PlainError } from '../../../errors.ts';
import type { AlikePhoto, FileResult } from './build-keep.ts';
import type { RoomNeeded } from './estimates.ts';
import type { GivenFolder, OnSeen } from './folder-files.ts';
import type { FolderPlan, LeftAside } from './folder-plan.ts';

export interface DraftLandmark {
  readonly folder: string;
  readonly title: string;
  readonly photos: number;
  readonly included: boolean;
}

/** What would be learned, while it can still be changed. */
export interface Draft {
  readonly plan: FolderPlan;
  readonly landmarks: readonly DraftLandmark[];
  /** Whether small copies of the photos are kept. */
  readonly copies: boolean;
  readonly room: RoomNeeded & {
    /** Bytes that the browser would still store; null where it does not say. */
    readonly left: number | null;
  };
  /** Why it could not be started. */
  readonly error: PlainError | null;
}

export type Tally = Readonly<Record<FileResult['at'], number>>;

export interface RecentPhoto {
  readonly id: string;
  readonly name: string;
  /** Object URL; revoked when the photo leaves the page. */
  readonly url: string;
}

/** A file that was not simply learned. */
export interface NamedResult {
  readonly path: string;
  readonly result: Exclude<FileResult, { at: 'taught' | 'alike' }>;
}

export interface RunView {
  readonly total: number;
  readonly settled: number;
  readonly tally: Tally;
  /** At work; null between two. */
  readonly landmark: string | null;
  /** Estimate in ms; null before there is one. */
  readonly leftMs: number | null;
  /** The newest last. */
  readonly recent: readonly RecentPhoto[];
  readonly others: readonly NamedResult[];
  /** Held aside until the user has chosen; conflicts first. */
  readonly alike: readonly (AlikePhoto & { readonly title: string })[];
  readonly aside: LeftAside;
  readonly copies: boolean;
}

export type BuildState =
  | { readonly at: 'idle' }
  | { readonly at: 'reading'; readonly seen: number }
  /** The folder could not be read. */
  | { readonly at: 'unread' }
  /** There is no photo in it. */
  | { readonly at: 'nothing'; readonly aside: LeftAside }
  | { readonly at: 'planned'; readonly draft: Draft }
  /** Another tab is learning a folder. */
  | { readonly at: 'elsewhere' }
  /** An earlier visit was not done. */
  | {
      readonly at: 'interrupted';
      readonly run: RunView;
      /** Whether the browser can read the folder again by itself. */
      readonly again: boolean;
      /** What was given is another folder, or was not allowed to be read. */
      readonly problem: 'other-folder' | 'refused' | null;
    }
  | { readonly at: 'running'; readonly run: RunView }
  | { readonly at: 'paused'; readonly run: RunView; readonly error: PlainError | null }
  /** `error` is why the choice among photos that look alike could not be stored. */
  | { readonly at: 'over'; readonly run: RunView; readonly error: PlainError | null };

/** For a photo that looks like another: leaving it out is no choice to store. */
export type Choice = 'keep' | 'instead';

export interface Building {
  readonly state: ReadonlySignal<BuildState>;
  /**
   * A folder to plan, or the one to go on with.
   * @returns false while another one is being learned, or waits for a choice
   */
  give(read: (onSeen: OnSeen) => Promise<GivenFolder>): Promise<boolean>;
  rename(landmark: number, title: string): void;
  include(landmark: number, included: boolean): void;
  /** In a plan, and for the photos still to come of a run that is paused. */
  keepCopies(copies: boolean): Promise<void>;
  /** Learns what is planned. Nothing happens without a landmark, or with one that has no name. */
  start(): Promise<void>;
  /** After what is under way; all until then is written. */
  pause(): void;
  resume(): Promise<void>;
  /** Goes on with an earlier visit's folder, where the browser can read it again. */
  again(): Promise<void>;
  /** What was learned stays. */
  stop(): Promise<void>;
  /** Settles photos that look alike; those without a choice are left out. */
  decide(choices: ReadonlyMap<string, Choice>): Promise<void>;
  /** Forgets the plan, or what is left to learn or to choose; what was learned stays. */
  dismiss(): Promise<void>;
  /** Looks again what another visit or tab has left. */
  look(): Promise<void>;
}
