// What the page and its service worker say to each other.

export type ToWorker =
  /** Keep all that is needed offline. Answered through the port that comes with it, by a {@link FillReply}. */
  | { readonly type: 'fill'; readonly gpu: boolean }
  /** Take over from the older worker. */
  | { readonly type: 'activate' };

export type FillReply =
  | {
      readonly type: 'kept';
      readonly build: string;
      /** Of all files that are needed. */
      readonly bytes: number;
      /** Whether it became so just now. */
      readonly fresh: boolean;
    }
  | { readonly type: 'no-room'; readonly bytes: number }
  | { readonly type: 'failed'; readonly why: string };
