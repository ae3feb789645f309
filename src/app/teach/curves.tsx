// Loss over steps, in training and on held-out photos, as a picture with a table behind it.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { TuningPoint } from '../../training/tuning/trainer-keep.ts';
import { useWords } from '../app.ts';
import { type Frame, pathOf, type Series, scalesOf } from './curve-scale.ts';

/** Before the picture has been measured. */
const FIRST_WIDTH = 480;
const MARGINS: Omit<Frame, 'width'> = { height: 220, left: 44, right: 12, top: 12, bottom: 30 };
/** Points that can be told apart as dots. */
const MOST_DOTS = 40;

interface CurvesProps {
  readonly points: readonly TuningPoint[];
  /** Steps of the whole run. */
  readonly steps: number;
}

export function Curves({ points, steps }: CurvesProps) {
  const { t, f } = useWords();
  const picture = useRef<SVGSVGElement>(null);
  const width = useSignal(FIRST_WIDTH);
  useEffect(() => {
    // Drawn in the page's own pixels, so that the numbers at the axes are as large on a phone.
    const observer = new ResizeObserver(([entry]) => {
      if (entry) width.value = Math.max(200, Math.round(entry.contentRect.width));
    });
    if (picture.current) observer.observe(picture.current);
    return () => observer.disconnect();
  }, [width]);
  const frame: Frame = { ...MARGINS, width: width.value };
  const pick = (id: 'loss' | 'validation'): Series => ({
    id,
    points: points.flatMap((p) => (p[id] === null ? [] : [[p.step, p[id]] as const])),
  });
  const series = [pick('loss'), pick('validation')].filter((one) => one.points.length > 0);
  const { x, y, xTicks, yTicks } = scalesOf(series, steps, frame);
  const { tuning } = t.teach;
  const last = points.at(-1);
  return (
    <figure class="curves">
      <figcaption class="curves__head">
        <b>{tuning.curves}</b>
        {series.map(({ id }) => (
          <span class="curves__key" key={id}>
            <svg class="curves__swatch" viewBox="0 0 24 8" aria-hidden="true">
              <path class={`curves__line curves__line--${id}`} d="M1 4H23" />
            </svg>
            {id === 'loss' ? tuning.training : tuning.heldOut}
          </span>
        ))}
      </figcaption>
      <svg
        ref={picture}
        class="curves__picture"
        viewBox={`0 0 ${frame.width} ${frame.height}`}
        role="img"
        aria-label={tuning.curvesLabel(
          f.count(last?.step ?? 0),
          last?.loss == null ? '–' : f.score(last.loss),
          last?.validation == null ? '–' : f.score(last.validation),
        )}
        data-testid="curves"
      >
        {yTicks.map((tick) => (
          <g key={tick}>
            <path
              class="curves__grid"
              d={`M${frame.left} ${y(tick)}H${frame.width - frame.right}`}
            />
            <text class="curves__tick" x={frame.left - 8} y={y(tick) + 4} text-anchor="end">
              {f.score(tick)}
            </text>
          </g>
        ))}
        {xTicks.map((tick) => (
          <text
            key={tick}
            class="curves__tick"
            x={x(tick)}
            y={frame.height - 10}
            text-anchor={tick === steps ? 'end' : 'middle'}
          >
            {f.count(tick)}
          </text>
        ))}
        {series.map(({ id, points: line }) => (
          <g key={id}>
            <path class={`curves__line curves__line--${id}`} d={pathOf(line, { x, y })} />
            {line.length < MOST_DOTS &&
              line.map(([px, py]) => (
                <circle
                  key={px}
                  class={`curves__dot curves__dot--${id}`}
                  cx={x(px)}
                  cy={y(py)}
                  r="3"
                />
              ))}
          </g>
        ))}
      </svg>
      <details class="fine">
        <summary>{tuning.table}</summary>
        <table class="curves__table">
          <thead>
            <tr>
              <th scope="col">{tuning.step}</th>
              <th scope="col">{tuning.training}</th>
              <th scope="col">{tuning.heldOut}</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ step, loss, validation }) => (
              <tr key={step}>
                <th scope="row">{f.count(step)}</th>
                <td>{loss === null ? '–' : f.score(loss)}</td>
                <td>{validation === null ? '–' : f.score(validation)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
