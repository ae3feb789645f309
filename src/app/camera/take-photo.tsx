// The way to a photo by camera: the system's own camera on phones, a dialog on computers that have one.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { PickPhotos } from '../recognize/pick-photos.tsx';
import type { NamedPhoto } from '../recognize/queue.ts';
import { CameraIcon } from '../shell/icons.tsx';
import { useLazy } from '../shell/use-lazy.ts';
import { hasCamera } from './camera.ts';

interface TakePhotoProps {
  /** Of the phones' file input; the computers' button is `ID-open`. */
  readonly id: string;
  readonly words: string;
  readonly onPick: (photos: NamedPhoto[]) => void;
}

export function TakePhoto({ id, words, onPick }: TakePhotoProps) {
  const there = useCameraThere();
  const open = useSignal(false);
  return (
    <>
      <PickPhotos id={id} look="pick--camera" button="button" camera onPick={onPick}>
        <CameraIcon />
        {words}
      </PickPhotos>
      {there && (
        <button
          type="button"
          class="button take-photo"
          aria-haspopup="dialog"
          data-testid={`${id}-open`}
          onClick={() => {
            open.value = true;
          }}
        >
          <CameraIcon />
          {words}
        </button>
      )}
      {open.value && (
        <Dialog
          onPhoto={(photo) => onPick([photo])}
          onClose={() => {
            open.value = false;
          }}
        />
      )}
    </>
  );
}

const loadDialog = () => import('./camera-dialog.tsx');

function Dialog(props: {
  readonly onPhoto: (photo: NamedPhoto) => void;
  readonly onClose: () => void;
}) {
  const { failure } = useApp();
  const { t } = useWords();
  const part = useLazy(loadDialog, true);
  const failed = part === 'failed';
  const { onClose } = props;
  const why = `${t.places.failed}. ${t.places.failedHint}`;
  useEffect(() => {
    if (!failed) return;
    failure.value = why;
    onClose();
  }, [failed, failure, why, onClose]);
  return part === null || part === 'failed' ? null : <part.CameraDialog {...props} />;
}

/** Follows cameras that are connected and taken away. */
function useCameraThere(): boolean {
  const there = useSignal(false);
  useEffect(() => {
    let gone = false;
    const look = () =>
      void hasCamera().then((answer) => {
        if (!gone) there.value = answer;
      });
    look();
    navigator.mediaDevices?.addEventListener?.('devicechange', look);
    return () => {
      gone = true;
      navigator.mediaDevices?.removeEventListener?.('devicechange', look);
    };
  }, [there]);
  return there.value;
}
