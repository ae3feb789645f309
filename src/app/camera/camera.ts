// The computer's camera: opened when asked for, one frame taken, and why it may not be had.

export type CameraProblem = 'refused' | 'none' | 'busy' | 'failed';

/** Landmarks are outside: of two cameras the one that looks away from the user, as sharp as it easily gives. */
const WISHES: MediaStreamConstraints = {
  audio: false,
  video: {
    facingMode: { ideal: 'environment' },
    width: { ideal: 1920 },
    height: { ideal: 1080 },
  },
};
const QUALITY = 0.92;

/** Whether the device has one that can be asked for. Asks nobody for permission. */
export async function hasCamera(): Promise<boolean> {
  const { mediaDevices } = navigator;
  // Only pages from a secure address have it.
  if (!mediaDevices?.getUserMedia) return false;
  const devices = await mediaDevices.enumerateDevices().catch(() => []);
  return devices.some(({ kind }) => kind === 'videoinput');
}

/** The browser asks the user, unless it knows the answer. Rejects with what {@link cameraProblem} understands. */
export function openCamera(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia(WISHES);
}

export function stopCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** @param thrown by {@link openCamera} */
export function cameraProblem(thrown: unknown): CameraProblem {
  switch (thrown instanceof DOMException ? thrown.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

/** The frame that is shown now, as a JPEG. Throws where there is none yet. */
export async function takeFrame(video: HTMLVideoElement): Promise<Blob> {
  const { videoWidth: width, videoHeight: height } = video;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { colorSpace: 'srgb' });
  if (!context) throw new Error('no 2D canvas is to be had');
  context.drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
}

/** Date and time of the user's clock as file names take them: `2026-11-29 14.05.09`. */
export function fileTime(now: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('.');
  return `${day} ${time}`;
}
