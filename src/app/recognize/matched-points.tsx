// What matching found, to look at: points of the photo joined with where they lie in a reference photo. Of the user's
// own references there is a picture to show; others are not in the collection, and have an empty frame of their shape.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { MATCH_FIELDS } from '../../geometry/matches.ts';
import { VERIFICATION } from '../../rerank/presets.ts';
import type { Verdict, VerifiedReference } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import { landmarkName } from './names.ts';
import type { PhotoItem } from './queue-state.ts';
import { Block, NumberRow } from './why-parts.tsx';

/** Of the drawing's own units: both pictures are this high. */
const HEIGHT = 240;
const GAP = 28;
/** How high the drawing is at most on the page, in rem. */
const MOST_REM = 15;
/** More lines hide what they join; the surest come first. */
const LINES = 60;

interface MatchedPointsProps {
  readonly item: PhotoItem;
  readonly verdict: Verdict;
}

export function MatchedPoints({ item, verdict }: MatchedPointsProps) {
  const { labels } = useApp();
  const { t, f, language } = useWords();
  const { verification } = verdict.evidence;
  if (verification === null || verification.length === 0) return null;
  // Of the landmark that leads; fewer inliers than chance gives are no agreement to show.
  const leader = verdict.candidates[0]?.label;
  const best = verification
    .filter(({ label, inliers }) => label === leader && inliers > VERIFICATION.floor)
    .sort((a, b) => b.inliers - a.inliers)[0];
  const title = (label: string) => landmarkName(labels.value, label, language).title;
  return (
    <Block title={t.why.matchTitle} note={best?.picture ? t.why.matchOwnNote : t.why.matchNote}>
      {best && item.size && (
        <Drawing
          item={item}
          reference={best}
          alt={t.why.matchAlt(f.count(best.inliers), title(best.label))}
        />
      )}
      <dl class="numbers">
        {verification.map(({ row, label, inliers, matches }) => (
          <NumberRow
            key={row}
            strong={row === best?.row}
            name={title(label)}
            value={t.why.matchCount(f.count(inliers), f.count(matches))}
          />
        ))}
      </dl>
    </Block>
  );
}

interface DrawingProps {
  readonly item: PhotoItem;
  readonly reference: VerifiedReference;
  readonly alt: string;
}

function Drawing({ item, reference, alt }: DrawingProps) {
  const size = item.size ?? reference.size;
  const [photo, other] = [HEIGHT / size.height, HEIGHT / reference.size.height];
  const width = photo * size.width;
  const start = width + GAP;
  const whole = start + other * reference.size.width;
  const lines = linesOf(reference.points).map(({ from, to, confidence }) => ({
    x1: photo * from[0],
    y1: photo * from[1],
    x2: start + other * to[0],
    y2: other * to[1],
    confidence,
  }));
  return (
    <div
      class="matched"
      style={{
        aspectRatio: `${whole.toFixed(1)} / ${HEIGHT}`,
        // The width bounds the height: the two must keep their ratio, or lines miss their points.
        maxWidth: `${((MOST_REM * whole) / HEIGHT).toFixed(2)}rem`,
      }}
      role="img"
      aria-label={alt}
      data-testid="matched-points"
    >
      {/* No <image> of the drawing's own: browsers need not turn that by EXIF as they turn this. */}
      <img
        class="matched__photo"
        src={item.url}
        alt=""
        style={{ width: `${(100 * width) / whole}%` }}
      />
      {reference.picture && (
        <OwnPicture
          id={reference.picture}
          start={(100 * start) / whole}
          width={(100 * (whole - start)) / whole}
        />
      )}
      <svg class="matched__lines" viewBox={`0 0 ${whole.toFixed(1)} ${HEIGHT}`} aria-hidden="true">
        <rect
          class={reference.picture ? 'matched__frame matched__frame--filled' : 'matched__frame'}
          x={start}
          width={whole - start}
          height={HEIGHT}
        />
        {lines.map(({ confidence, ...ends }) => (
          <line
            key={`${ends.x1} ${ends.y1}`}
            class="matched__line"
            opacity={0.35 + 0.6 * confidence}
            {...ends}
          />
        ))}
        {lines.flatMap(({ x1, y1, x2, y2 }) => [
          <circle key={`a${x1} ${y1}`} class="matched__point" cx={x1} cy={y1} r={2.5} />,
          <circle key={`b${x2} ${y2} ${x1}`} class="matched__point" cx={x2} cy={y2} r={2.5} />,
        ])}
      </svg>
    </div>
  );
}

interface OwnPictureProps {
  readonly id: string;
  /** Percent of the drawing's width. */
  readonly start: number;
  readonly width: number;
}

/** The small copy of a taught photo in its frame, which stays empty where the copy is gone. */
function OwnPicture({ id, start, width }: OwnPictureProps) {
  const { engine } = useApp();
  const url = useSignal<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let gone = false;
    engine.teaching.picture(id).then(
      (picture) => {
        if (!picture || gone) return;
        made = URL.createObjectURL(picture.blob);
        url.value = made;
      },
      () => undefined, // the frame stays empty
    );
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [id, engine, url]);
  if (!url.value) return null;
  return (
    <img
      class="matched__photo"
      src={url.value}
      alt=""
      data-testid="matched-reference"
      style={{ insetInlineStart: `${start}%`, width: `${width}%` }}
    />
  );
}

interface Line {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  readonly confidence: number;
}

/** The surest, each with its ends in pixels of the two photos. */
function linesOf(points: Float32Array): Line[] {
  const lines = Array.from({ length: points.length / MATCH_FIELDS }, (_, i): Line => {
    const [xa = 0, ya = 0, xb = 0, yb = 0, confidence = 0] = points.subarray(
      MATCH_FIELDS * i,
      MATCH_FIELDS * (i + 1),
    );
    // Edges of pixels, as drawings count them, lie half a pixel before centres.
    return { from: [xa + 0.5, ya + 0.5], to: [xb + 0.5, yb + 0.5], confidence };
  });
  return lines.sort((a, b) => b.confidence - a.confidence).slice(0, LINES);
}
