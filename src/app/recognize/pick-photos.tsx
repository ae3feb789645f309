// A button that picks photos from files or from the camera: a file input that is seen by its label alone.
import type { ComponentChildren, TargetedEvent } from 'preact';
import { PICTURES, photosFromFiles } from './intake.ts';
import type { NamedPhoto } from './queue.ts';

interface PickPhotosProps {
  readonly id: string;
  /** Of the whole, as `pick--camera`, and of the label that people see. */
  readonly look?: string;
  readonly button: string;
  /** From the camera, one at a time. */
  readonly camera?: boolean;
  /** Id of the text that says more. */
  readonly describedBy?: string;
  /** Where the visible words alone would not tell one button from another. */
  readonly name?: string;
  readonly disabled?: boolean;
  readonly onPick: (photos: NamedPhoto[]) => void;
  readonly children: ComponentChildren;
}

export function PickPhotos(props: PickPhotosProps) {
  const { id, look, button, camera = false, describedBy, name, disabled = false, onPick } = props;

  function picked(event: TargetedEvent<HTMLInputElement>) {
    const input = event.currentTarget;
    const photos = photosFromFiles(input.files ?? []);
    input.value = ''; // so that picking the same file again is a change
    if (photos.length > 0) onPick(photos);
  }

  return (
    <span class={look ? `pick ${look}` : 'pick'}>
      <input
        id={id}
        class="unseen"
        type="file"
        accept={camera ? 'image/*' : PICTURES}
        multiple={!camera}
        {...(camera ? { capture: 'environment' as const } : {})}
        aria-describedby={describedBy}
        aria-label={name}
        disabled={disabled}
        data-testid={id}
        onChange={picked}
      />
      <label class={button} for={id}>
        {props.children}
      </label>
    </span>
  );
}
