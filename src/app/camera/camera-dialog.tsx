// What the camera sees, and the shutter. The camera is on for as long as the dialog is open, and no longer.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useWords } from '../app.ts';
import type { NamedPhoto } from '../recognize/queue.ts';
import { CameraIcon } from '../shell/icons.tsx';
import {
  type CameraProblem,
  cameraProblem,
  fileTime,
  openCamera,
  stopCamera,
  takeFrame,
} from './camera.ts';

interface CameraDialogProps {
  readonly onPhoto: (photo: NamedPhoto) => void;
  readonly onClose: () => void;
}

type At = 'asking' | 'live' | CameraProblem;

export function CameraDialog({ onPhoto, onClose }: CameraDialogProps) {
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const main = useRef<HTMLButtonElement>(null);
  const at = useSignal<At>('asking');
  /** Counts the tries. */
  const tries = useSignal(1);

  useEffect(() => {
    const { current } = dialog;
    current?.showModal();
    return () => current?.close();
  }, []);

  const number = tries.value;
  useEffect(() => {
    let gone = false;
    let opened: MediaStream | null = null;
    at.value = 'asking';
    openCamera().then(
      (stream) => {
        // Whoever closed the dialog before the browser had its answer wants no camera.
        if (gone || !video.current) return stopCamera(stream);
        opened = stream;
        video.current.srcObject = stream;
        // Started by hand: browsers put off what is to play by itself until it is seen.
        video.current.play().catch(() => {
          if (!gone) at.value = 'failed';
        });
        stream.getVideoTracks()[0]?.addEventListener('ended', () => {
          if (!gone) at.value = 'failed';
        });
      },
      (thrown: unknown) => {
        if (!gone) at.value = cameraProblem(thrown);
      },
    );
    return () => {
      gone = true;
      if (opened) stopCamera(opened);
    };
  }, [number, at]);

  const now = at.value;
  useEffect(() => {
    if (now !== 'asking') main.current?.focus();
  }, [now]);

  async function shoot() {
    if (!video.current) return;
    try {
      const blob = await takeFrame(video.current);
      onPhoto({ name: t.camera.fileName(fileTime(new Date())), blob });
      dialog.current?.close();
    } catch {
      at.value = 'failed';
    }
  }

  const problem = now === 'asking' || now === 'live' ? null : t.camera.problems[now];
  return (
    <dialog
      ref={dialog}
      class="ask camera"
      aria-labelledby="camera-title"
      data-testid="camera-dialog"
      data-state={now}
      onClose={onClose}
    >
      <h2 id="camera-title">{t.camera.title}</h2>
      {now === 'asking' && <p role="status">{t.camera.asking}</p>}
      {problem && (
        <div role="alert">
          <p>{problem.what}</p>
          <p>{problem.remedy}</p>
        </div>
      )}
      <video
        ref={video}
        class="camera__view"
        hidden={now !== 'live'}
        aria-label={t.camera.live}
        muted
        playsInline
        onPlaying={() => {
          at.value = 'live';
        }}
      />
      <div class="ask__actions">
        <button
          type="button"
          class="button"
          data-testid="camera-cancel"
          onClick={() => dialog.current?.close()}
        >
          {t.camera.cancel}
        </button>
        {problem ? (
          <button
            ref={main}
            type="button"
            class="button button--accent"
            data-testid="camera-again"
            onClick={() => tries.value++}
          >
            {t.camera.again}
          </button>
        ) : (
          <button
            ref={main}
            type="button"
            class="button button--accent"
            disabled={now !== 'live'}
            data-testid="camera-shutter"
            onClick={() => void shoot()}
          >
            <CameraIcon />
            {t.camera.shutter}
          </button>
        )}
      </div>
    </dialog>
  );
}
