// Photos that look like others, side by side with them: the user says which to keep.
import { useSignal } from '@preact/signals';
import { useApp, useWords } from '../../app.ts';
import type { Choice, RunView } from '../../teaching/building/building.ts';
import { nameOf } from '../name-of.ts';
import { BlobPicture, StoredPicture } from '../picture.tsx';
import { Buttons } from './parts.tsx';

type Pair = RunView['alike'][number];
/** Pairs shown at once: each costs two pictures. */
const FIRST = 24;

export function AlikePairs({ pairs }: { readonly pairs: readonly Pair[] }) {
  const { engine } = useApp();
  const { t, f } = useWords();
  const { alike } = t.teach.build;
  const choices = useSignal<ReadonlyMap<string, Choice>>(new Map());
  const shown = useSignal(FIRST);
  const kept = choices.value.size;

  const choose = (id: string, choice: Choice | 'leave') => {
    const next = new Map(choices.value);
    if (choice === 'leave') next.delete(id);
    else next.set(id, choice);
    choices.value = next;
  };

  return (
    <section class="alike" aria-labelledby="alike-title" data-testid="alike">
      <h4 id="alike-title">{alike.title}</h4>
      <p class="field__hint">{alike.lead}</p>
      <Buttons>
        <button
          type="button"
          class="button"
          onClick={() => {
            choices.value = new Map(pairs.map(({ id }) => [id, 'keep']));
          }}
        >
          {alike.keepAll}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            choices.value = new Map();
          }}
        >
          {alike.leaveAll}
        </button>
      </Buttons>
      <ul class="alike__pairs">
        {pairs.slice(0, shown.value).map((pair) => (
          <OnePair
            key={pair.id}
            pair={pair}
            choice={choices.value.get(pair.id) ?? 'leave'}
            onChoose={(choice) => choose(pair.id, choice)}
          />
        ))}
      </ul>
      <Buttons>
        {shown.value < pairs.length && (
          <button
            type="button"
            class="button button--quiet"
            onClick={() => {
              shown.value += FIRST;
            }}
          >
            {alike.more(f.count(pairs.length - shown.value))}
          </button>
        )}
        <button
          type="button"
          class="button button--accent"
          data-testid="alike-apply"
          onClick={() => void engine.building.decide(choices.value)}
        >
          {kept > 0 ? alike.apply(kept, f.count(kept)) : alike.applyNone}
        </button>
      </Buttons>
    </section>
  );
}

interface OnePairProps {
  readonly pair: Pair;
  readonly choice: Choice | 'leave';
  readonly onChoose: (choice: Choice | 'leave') => void;
}

function OnePair({ pair, choice, onChoose }: OnePairProps) {
  const { t, f, language } = useWords();
  const { alike } = t.teach.build;
  const { id, title, conflict, cosine, other, picture } = pair;
  const otherName = nameOf(other, language);
  const choices = conflict ? (['leave', 'instead', 'keep'] as const) : (['leave', 'keep'] as const);
  return (
    <li
      class={conflict ? 'alike__pair alike__pair--conflict' : 'alike__pair'}
      data-testid="alike-pair"
      data-conflict={conflict}
    >
      <fieldset class="alike__set">
        <legend>
          {conflict ? alike.conflict(otherName, title) : title}{' '}
          <span class="alike__cosine">{alike.similarity(f.score(cosine))}</span>
        </legend>
        <div class="alike__pictures">
          <figure>
            <div class="thumb">
              <StoredPicture id={other.id} alt={alike.here(otherName)} />
            </div>
            <figcaption>{alike.here(otherName)}</figcaption>
          </figure>
          <figure>
            <div class="thumb">
              <BlobPicture blob={picture.blob} alt={picture.name} />
            </div>
            <figcaption class="build__path">{alike.fresh(picture.name)}</figcaption>
          </figure>
        </div>
        <div class="alike__choices">
          {choices.map((one) => (
            <label key={one} class="build__check">
              <input
                type="radio"
                name={`alike-${id}`}
                value={one}
                checked={choice === one}
                data-testid={`alike-${one}`}
                onChange={() => onChoose(one)}
              />
              <span>{alike.choices[one]}</span>
            </label>
          ))}
        </div>
      </fieldset>
    </li>
  );
}
