// A photo with a reference over it, bent so that what agrees lies on each other, and a divider between the two. Where
// that would show nonsense they stand side by side. A chunk of its own.
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { PhotoSize } from '../../geometry/verify.ts';
import type { VerifiedReference } from '../../verdict.ts';
import { useWords } from '../app.ts';
import { matchedLines } from '../results/matched.ts';
import { matrix3d, soundWarp, type Warp } from './compare.ts';
import { useOwnPicture } from './own-picture.ts';
import { Block } from './why-parts.tsx';

export interface ComparisonProps {
  readonly name: string;
  /** Address of the photo. */
  readonly url: string;
  readonly size: PhotoSize;
  readonly reference: VerifiedReference;
  /** Of the reference's small copy. */
  readonly picture: string;
}

/** Nothing where the reference's picture is gone. */
export function Comparison({ name, url, size, reference, picture }: ComparisonProps) {
  const { t } = useWords();
  const own = useOwnPicture(picture);
  const warp = useMemo(
    () => soundWarp(matchedLines(reference.points), size, reference.size),
    [reference, size],
  );
  if (!own) return null;
  return (
    <Block title={t.compare.title} note={warp ? t.compare.note : t.compare.apartNote}>
      {warp ? (
        <Overlay name={name} url={url} own={own} size={size} of={reference.size} warp={warp} />
      ) : (
        <SideBySide url={url} own={own} />
      )}
    </Block>
  );
}

interface OverlayProps {
  readonly name: string;
  readonly url: string;
  readonly own: string;
  readonly size: PhotoSize;
  /** Of the reference. */
  readonly of: PhotoSize;
  readonly warp: Warp;
}

function Overlay({ name, url, own, size, of, warp }: OverlayProps) {
  const { t, f } = useWords();
  const frame = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  /** Percent of the width, from the left, that shows the photo. */
  const divider = useSignal(50);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) width.value = entry.contentRect.width;
    });
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, [width]);
  const follow = ({ clientX }: PointerEvent) => {
    const box = frame.current?.getBoundingClientRect();
    if (!box?.width) return;
    divider.value = Math.round(
      Math.min(100, Math.max(0, (100 * (clientX - box.left)) / box.width)),
    );
  };
  const at = `${divider.value}%`;
  return (
    <div class="compare" data-testid="compare" data-shown="overlay">
      <div
        class="compare__frame"
        ref={frame}
        style={{ aspectRatio: `${size.width} / ${size.height}` }}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          frame.current?.setPointerCapture(event.pointerId);
          follow(event);
        }}
        onPointerMove={(event) => {
          if (frame.current?.hasPointerCapture(event.pointerId)) follow(event);
        }}
      >
        <img class="compare__photo" src={url} alt="" draggable={false} />
        <div class="compare__over" style={{ clipPath: `inset(0 0 0 ${at})` }}>
          <img
            class="compare__reference"
            src={own}
            alt=""
            draggable={false}
            style={{
              width: `${of.width}px`,
              height: `${of.height}px`,
              transform: matrix3d(warp, width.value / size.width),
            }}
          />
        </div>
        <input
          class="compare__input"
          type="range"
          min={0}
          max={100}
          step={1}
          value={divider.value}
          aria-label={t.compare.slider(name)}
          aria-valuetext={t.compare.value(f.percent(divider.value / 100))}
          data-testid="compare-slider"
          onInput={({ currentTarget }) => {
            divider.value = Number(currentTarget.value);
          }}
        />
        <span class="compare__divider" style={{ insetInlineStart: at }} />
      </div>
      <p class="compare__names" aria-hidden="true">
        <span>{t.compare.photo}</span>
        <span>{t.compare.reference}</span>
      </p>
    </div>
  );
}

function SideBySide({ url, own }: Pick<OverlayProps, 'url' | 'own'>) {
  const { t } = useWords();
  return (
    <div class="compare compare--apart" data-testid="compare" data-shown="apart">
      <figure>
        <img src={url} alt="" />
        <figcaption>{t.compare.photo}</figcaption>
      </figure>
      <figure>
        <img src={own} alt="" />
        <figcaption>{t.compare.reference}</figcaption>
      </figure>
    </div>
  );
}
