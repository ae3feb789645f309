// The map of one photo, drawn as SVG in the page's colours, and the choice of how much of the world it shows.
// Loaded when the first map comes near the view: see whereabouts.tsx.
import { useSignal } from '@preact/signals';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import { useWords } from '../app.ts';
import { type Atlas, openAtlas } from './atlas.ts';
import { drawMap, type MapDrawing, placeOnMap } from './drawing.ts';
import { MarkSign } from './mark-sign.tsx';
import type { MapContent } from './marks.ts';
import { type Frame, firstStep, STEPS, type Step } from './projections.ts';

/** Height over width. */
const SHAPE = 0.56;
const LEAST_HEIGHT = 200;

export function WorldMap({ content }: { readonly content: MapContent }) {
  const { t } = useWords();
  const atlas = useSignal<Atlas | 'failed' | null>(null);
  useEffect(() => {
    let gone = false;
    openAtlas().then(
      (opened) => {
        if (!gone) atlas.value = opened;
      },
      () => {
        if (!gone) atlas.value = 'failed';
      },
    );
    return () => {
      gone = true;
    };
  }, [atlas]);
  if (atlas.value === 'failed') return <p class="map__wait">{t.map.failed}</p>;
  if (!atlas.value) return <p class="map__wait">{t.map.loading}</p>;
  return <Chart atlas={atlas.value} content={content} />;
}

interface ChartProps {
  readonly atlas: Atlas;
  readonly content: MapContent;
}

function Chart({ atlas, content }: ChartProps) {
  const { t, f } = useWords();
  const name = useId();
  const holder = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) width.value = Math.floor(entry.contentRect.width);
    });
    if (holder.current) observer.observe(holder.current);
    return () => observer.disconnect();
  }, [width]);

  const place = useMemo(() => placeOnMap(atlas, content), [atlas, content]);
  const chosen = useSignal<Step | null>(null);
  const taken = content.marks.find(({ kind }) => kind === 'photo')?.position ?? null;
  const step = chosen.value ?? firstStep(place.centre, taken, place.reach);
  const frame: Frame = {
    width: width.value,
    height: Math.max(LEAST_HEIGHT, Math.round(SHAPE * width.value)),
  };
  const { country } = f;
  const drawing = useMemo(
    () => (frame.width > 0 ? drawMap(atlas, place, content.marks, step, frame, country) : null),
    [atlas, place, content, step, frame.width, frame.height, country],
  );
  const where = place.country ? country(place.country) : null;
  const [first] = content.marks;
  return (
    <>
      <div class="map__holder" ref={holder}>
        {drawing && (
          <MapPicture
            drawing={drawing}
            frame={frame}
            alt={t.map.alt(
              first.kind === 'photo' ? t.map.photo : first.title,
              where,
              t.map.steps[step],
            )}
            step={step}
          />
        )}
      </div>
      <fieldset class="map__steps">
        <legend class="unseen">{t.map.zoom}</legend>
        {STEPS.map((one) => (
          <label key={one} class="map__step">
            <input
              type="radio"
              name={name}
              data-testid={`map-${one}`}
              checked={one === step}
              onChange={() => {
                chosen.value = one;
              }}
            />
            <span>{t.map.steps[one]}</span>
          </label>
        ))}
      </fieldset>
    </>
  );
}

interface MapPictureProps {
  readonly drawing: MapDrawing;
  readonly frame: Frame;
  readonly alt: string;
  readonly step: Step;
}

function MapPicture({ drawing, frame, alt, step }: MapPictureProps) {
  const { width, height } = frame;
  return (
    <svg
      class={drawing.sphere ? 'map map--world' : 'map'}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={alt}
      data-testid="map"
      data-step={step}
    >
      {drawing.sphere ? (
        <path class="map__sea" d={drawing.sphere} />
      ) : (
        <rect class="map__sea" width={width} height={height} />
      )}
      <path class="map__lines" d={drawing.graticule} />
      <path class="map__land" d={drawing.land} />
      <path class="map__country" d={drawing.country} />
      {drawing.names.map(({ country, name, x, y }) => (
        <text key={country} class="map__name" x={x} y={y}>
          {name}
        </text>
      ))}
      {/* The landmark last: nothing may hide it. */}
      {drawing.spots.toReversed().map(({ mark, x, y }) => (
        <g key={mark.key} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
          <MarkSign kind={mark.kind} />
        </g>
      ))}
    </svg>
  );
}
