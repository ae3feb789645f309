// What can be done with a result: copy it, save it, hand it to another app.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { resultOf, type Verdict } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import type { PhotoItem } from '../recognize/queue-state.ts';
import { resultJson, resultText } from '../recognize/result-text.ts';
import { CopyButton } from '../shell/copy-button.tsx';
import { FoldOut } from '../shell/fold-out.tsx';
import { ShareIcon } from '../shell/icons.tsx';
import { saveFile } from '../shell/save-file.ts';
import { captionTexts } from './caption-texts.ts';
import { fileName, jsonFile } from './result-files.ts';
import { canShare, canSharePictures, share } from './share.ts';
import { useWording } from './use-wording.ts';

interface ResultActionsProps {
  readonly item: PhotoItem;
  readonly verdict: Verdict;
}

/** A picture that was drawn, and what it says: another language makes another one. */
interface Drawn {
  readonly says: string;
  readonly file: File;
}

export function ResultActions({ item, verdict }: ResultActionsProps) {
  const { announcer, failure } = useApp();
  const { t } = useWords();
  const wording = useWording();
  const drawing = useSignal(false);
  const drawn = useRef<Drawn | null>(null);
  const { name, url, size } = item;

  /** Says itself why there is none. */
  async function picture(): Promise<File | null> {
    const texts = captionTexts(verdict, wording);
    const says = JSON.stringify(texts);
    if (drawn.current?.says === says) return drawn.current.file;
    drawing.value = true;
    announcer.murmur(t.results.drawing);
    try {
      const { annotatedPicture } = await import('./annotated-picture.ts');
      const blob = await annotatedPicture({ url, photo: size, verdict, texts });
      const file = new File([blob], fileName(name, 'jpg'), { type: blob.type });
      drawn.current = { says, file };
      return file;
    } catch {
      failure.value = t.results.pictureFailed;
      return null;
    } finally {
      drawing.value = false;
    }
  }

  function save(file: Blob, as: string) {
    saveFile(file, as);
    announcer.say(t.results.saved(as));
  }

  async function savePicture() {
    if (drawing.value) return;
    failure.value = null;
    const file = await picture();
    if (file) save(file, file.name);
  }

  async function shareIt() {
    if (drawing.value) return;
    failure.value = null;
    const shared = {
      title: t.app.name,
      text: resultText(name, verdict, wording),
      picture: canSharePictures() ? await picture() : null,
    };
    const outcome = await share(shared);
    if (outcome === 'late') failure.value = t.results.shareReady;
    if (outcome === 'failed') failure.value = t.results.shareFailed;
  }

  return (
    <>
      <CopyButton label={t.verdict.copyText} text={() => resultText(name, verdict, wording)} />
      {canShare() && (
        <button
          type="button"
          class="button button--quiet"
          aria-label={t.results.shareName(name)}
          aria-disabled={drawing.value}
          data-testid="share-result"
          onClick={() => void shareIt()}
        >
          <ShareIcon />
          {t.results.share}
        </button>
      )}
      <FoldOut
        label={t.results.more}
        name={t.results.moreName(name)}
        testId="save-result"
        busy={drawing.value}
        choices={[
          {
            id: 'picture',
            label: t.results.picture,
            hint: t.results.pictureHint,
            onChoose: () => void savePicture(),
          },
          {
            id: 'json',
            label: t.results.json,
            hint: t.results.jsonHint,
            onChoose: () => save(jsonFile(resultOf(name, verdict)), fileName(name, 'json')),
          },
        ]}
      >
        <CopyButton label={t.verdict.copyJson} text={() => resultJson(name, verdict)} />
      </FoldOut>
    </>
  );
}
