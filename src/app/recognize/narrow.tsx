// Where to look: everywhere, or in one country alone. A traveller knows that much, and mistakes get fewer.
import { useComputed } from '@preact/signals';
import { useApp, useWords } from '../app.ts';
import { FORMATS } from '../shell/settings.ts';

const EVERYWHERE = '';

export function Narrow() {
  const { engine, queue, settings } = useApp();
  const { t } = useWords();
  const countries = useComputed(() => {
    const format = FORMATS[settings.language.value];
    const codes = new Set(
      engine.labels.value.flatMap(({ country }) => (country !== null ? [country] : [])),
    );
    return [...codes]
      .map((code) => ({ code, name: format.country(code) }))
      .sort((a, b) => format.compare(a.name, b.name));
  });
  if (countries.value.length < 2) return null;
  return (
    <label class="narrow" for="narrow-country">
      <span>{t.recognize.where}</span>
      <select
        id="narrow-country"
        data-testid="narrow-country"
        value={queue.country.value ?? EVERYWHERE}
        onChange={({ currentTarget: { value } }) =>
          queue.lookIn(value === EVERYWHERE ? null : value)
        }
      >
        <option value={EVERYWHERE}>{t.recognize.everywhere}</option>
        {countries.value.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
