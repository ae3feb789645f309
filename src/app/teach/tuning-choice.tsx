// What to tune: each choice with what it costs and gives, as a group of radio buttons.
import { TUNING_SCOPES } from '../../training/tuning/trainer-keep.ts';
import { useWords } from '../app.ts';
import type { Tuning } from '../teaching/tuning.ts';

export function TuningChoice({ tuning }: { readonly tuning: Tuning }) {
  const { t, f } = useWords();
  const words = t.teach.tuning;
  const chosen = tuning.scope.value;
  const bytes = tuning.pictureBytes.value;
  return (
    <fieldset class="choice" data-testid="tuning-scope" data-scope={chosen}>
      <legend class="field__label">{words.choose}</legend>
      {TUNING_SCOPES.map((scope) => (
        <label class="choice__one" key={scope}>
          <input
            type="radio"
            name="tuning-scope"
            value={scope}
            checked={chosen === scope}
            aria-describedby={`tuning-scope-${scope}`}
            data-testid={`tuning-scope-${scope}`}
            onChange={() => tuning.choose(scope)}
          />
          <span class="choice__name">{words.scopes[scope].name}</span>
          <span id={`tuning-scope-${scope}`} class="choice__text">
            {words.scopes[scope].text}
          </span>
        </label>
      ))}
      {chosen === 'last-stage' && bytes > 0 && (
        <p class="fine" data-testid="tuning-pictures">
          {words.pictures(f.bytes(bytes))}
        </p>
      )}
    </fieldset>
  );
}
