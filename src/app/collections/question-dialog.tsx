// Asks before a collection is downloaded, or takes the place of another one.
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import type { Offer } from './collections.ts';
import { Room } from './job-view.tsx';
import type { Question } from './jobs.ts';

export function QuestionDialog() {
  const { jobs } = useApp();
  const question = jobs.question.value;
  return question && <Ask question={question} />;
}

function Ask({ question }: { readonly question: Question }) {
  const { jobs } = useApp();
  const { t } = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const main = useRef<HTMLButtonElement>(null);
  const texts = t.collections;
  const { at } = question;

  useEffect(() => {
    const { current } = dialog;
    current?.showModal();
    // What opened it may be gone, as the link from elsewhere; then the browser returns the focus to nobody.
    return () => current?.close();
  }, []);
  // The button that had the focus is another one now, or can be pressed at last.
  useEffect(() => {
    if (at === 'offer') main.current?.focus();
  }, [at]);

  const full = question.at === 'offer' && isFull(question.offer);
  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby="question-title"
      data-testid="collection-question"
      data-state={at}
      onClose={() => jobs.decline()}
    >
      <h2 id="question-title">
        {question.at === 'offer' ? offerTitle(question, texts) : texts.askTitle}
      </h2>
      {question.at === 'offer' ? (
        <OfferText offer={question.offer} />
      ) : (
        <>
          <p>{at === 'link' ? texts.askText : texts.looking}</p>
          <p class="ask__address">
            <code>{question.url}</code>
          </p>
        </>
      )}
      {full && <Room />}
      <div class="ask__actions">
        <button
          type="button"
          class="button"
          data-testid="question-cancel"
          onClick={() => dialog.current?.close()}
        >
          {texts.cancel}
        </button>
        <button
          ref={main}
          type="button"
          class="button button--accent"
          disabled={at === 'looking' || full}
          data-testid="question-accept"
          onClick={() =>
            question.at === 'link' ? void jobs.look(question.url) : void jobs.accept()
          }
        >
          {question.at !== 'offer'
            ? texts.look
            : question.source.kind === 'file'
              ? texts.replace
              : texts.download}
        </button>
      </div>
    </dialog>
  );
}

function OfferText({ offer }: { readonly offer: Offer }) {
  const { t, f } = useWords();
  const texts = t.collections;
  const { landmarks, photos, needed, left, licence, attribution, replaces } = offer;
  return (
    <>
      <p>{texts.facts(landmarks, f.count(landmarks), photos, f.count(photos))}</p>
      <dl class="ask__facts">
        <dt>{texts.licence}</dt>
        <dd>{licence}</dd>
        {attribution !== '' && (
          <>
            <dt>{texts.attribution}</dt>
            <dd class="collection__attribution">{attribution}</dd>
          </>
        )}
      </dl>
      {replaces === 'other' && <p>{texts.offerReplaces}</p>}
      {replaces === 'same' && <p>{texts.offerSame}</p>}
      {needed > 0 && (
        <p>
          {left === null
            ? texts.offerNeedsOnly(f.bytes(needed))
            : texts.offerNeeds(f.bytes(needed), f.bytes(left))}{' '}
          {isFull(offer) && texts.offerFull}
        </p>
      )}
    </>
  );
}

function offerTitle(
  { offer }: Extract<Question, { at: 'offer' }>,
  texts: ReturnType<typeof useWords>['t']['collections'],
): string {
  return offer.replaces === 'other' ? texts.replaceTitle(offer.name) : texts.offerTitle(offer.name);
}

function isFull({ needed, left }: Offer): boolean {
  return left !== null && needed > left;
}
