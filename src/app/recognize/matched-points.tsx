// What matching found, to look at: points of the photo joined with where they lie in a reference photo. Of the user's
// own references there is a picture to show; others are not in the collection, and have an empty frame of their shape.
import type { PhotoSize } from '../../geometry/verify.ts';
import type { Verdict, VerifiedReference } from '../../verdict.ts';
import { useApp, useWords } from '../app.ts';
import { bestMatched, matchedLines } from '../results/matched.ts';
import { useLazy } from '../shell/use-lazy.ts';
import { landmarkName } from './names.ts';
import { useOwnPicture } from './own-picture.ts';
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
  const best = bestMatched(verdict);
  const title = (label: string) => landmarkName(labels.value, label, language).title;
  return (
    <>
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
      {best?.picture && item.size && (
        <Compared item={item} size={item.size} reference={best} picture={best.picture} />
      )}
    </>
  );
}

interface ComparedProps {
  readonly item: PhotoItem;
  readonly size: PhotoSize;
  readonly reference: VerifiedReference;
  readonly picture: string;
}

const loadComparison = () => import('./compare-view.tsx');

function Compared({ item, ...shown }: ComparedProps) {
  const view = useLazy(loadComparison, true);
  if (view === null || view === 'failed') return null;
  return <view.Comparison name={item.name} url={item.url} {...shown} />;
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
  const lines = matchedLines(reference.points)
    .slice(0, LINES)
    .map(({ from, to, confidence }) => ({
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
  const url = useOwnPicture(id);
  if (!url) return null;
  return (
    <img
      class="matched__photo"
      src={url}
      alt=""
      data-testid="matched-reference"
      style={{ insetInlineStart: `${start}%`, width: `${width}%` }}
    />
  );
}
