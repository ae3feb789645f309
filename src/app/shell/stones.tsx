// Cairn's own drawings: the mark of three stones, and the little cairn that grows with confidence.

/** Side of the square that the mark is drawn in. */
export const MARK_SIDE = 32;

/** The stones of the mark, the lowest first; the same drawing as public/icons/icon.svg. */
export const MARK_STONES = [
  {
    d: 'M3.6 25.8C3.6 22.4 8.5 20.4 14.5 20.4S28.4 22.4 28.4 25.3C28.4 28.7 24.7 29.6 16.7 29.6S3.6 28.8 3.6 25.8z',
    tone: 'stone-deep',
  },
  {
    d: 'M7.8 17C7.8 14.3 12.4 12.7 17.9 12.7S25.4 14.6 25.4 17.5C25.4 20 22.2 20.9 15.9 20.9S7.8 19.9 7.8 17z',
    tone: 'stone-mid',
  },
  {
    d: 'M10.6 9.8C10.6 6.9 12.7 5.1 15.4 5.1S21.2 6.8 21.2 9.4C21.2 12 19.2 13.1 16.2 13.1S10.6 12.1 10.6 9.8z',
    tone: 'stone-top',
  },
] as const;

/** Decorative, the name stands beside it. */
export function Logo() {
  return (
    <svg class="logo" viewBox={`0 0 ${MARK_SIDE} ${MARK_SIDE}`} aria-hidden="true">
      {MARK_STONES.map(({ d, tone }) => (
        <path key={d} class={tone} d={d} />
      ))}
    </svg>
  );
}

/** The lowest first. */
const STONES = [
  {
    d: 'M3 38.3C3 34.7 9.9 32.5 18.3 32.5S37 34.7 37 37.9C37 41.5 31.8 42.5 20.9 42.5S3 41.6 3 38.3z',
    tone: 'stone-deep',
  },
  {
    d: 'M7.8 28.7C7.8 25.7 14.5 23.8 22.8 23.8S33.8 26 33.8 29.2C33.8 32.1 29 33 19.8 33S7.8 32 7.8 28.7z',
    tone: 'stone-mid',
  },
  {
    d: 'M9.6 20.9C9.6 17.8 13.3 15.9 17.9 15.9S29.2 17.7 29.2 20.4C29.2 23.3 25.9 24.3 20.1 24.3S9.6 23.4 9.6 20.9z',
    tone: 'stone-deep',
  },
  {
    d: 'M13.8 12.4C13.8 9.4 17 7.6 20.8 7.6S26.6 9.6 26.6 12.7C26.6 15.3 24 16.4 19.9 16.4S13.8 15.2 13.8 12.4z',
    tone: 'stone-mid',
  },
] as const;

/** `laid` of four stones are there, the rest are outlines. Decorative: the words beside it say the same. */
export function LittleCairn({ laid }: { readonly laid: number }) {
  return (
    <svg class="little-cairn" viewBox="0 5 40 39" aria-hidden="true">
      {STONES.map(({ d, tone }, i) => (
        <path
          key={d}
          d={d}
          class={i >= laid ? 'stone-none' : i === laid - 1 ? 'stone-top' : tone}
        />
      ))}
    </svg>
  );
}
