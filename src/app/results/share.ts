// Handing a result to another app through the Web Share API, as a picture where the browser takes files.

export interface Shared {
  readonly title: string;
  readonly text: string;
  /** Null where none could be made. */
  readonly picture: File | null;
}

/** `late`: the picture took so long that the browser wants another press of the button. */
export type ShareOutcome = 'shared' | 'stopped' | 'late' | 'failed';

export function canShare(): boolean {
  return typeof navigator.share === 'function';
}

/** Whether a picture can go along; otherwise the text alone is shared. */
export function canSharePictures(): boolean {
  const probe = new File([], 'probe.jpg', { type: 'image/jpeg' });
  return navigator.canShare?.({ files: [probe] }) ?? false;
}

export async function share({ title, text, picture }: Shared): Promise<ShareOutcome> {
  const withPicture = picture && navigator.canShare?.({ files: [picture] });
  try {
    await navigator.share(withPicture ? { title, text, files: [picture] } : { title, text });
    return 'shared';
  } catch (thrown) {
    const name = thrown instanceof DOMException ? thrown.name : '';
    if (name === 'AbortError') return 'stopped';
    return name === 'NotAllowedError' && !navigator.userActivation?.isActive ? 'late' : 'failed';
  }
}
