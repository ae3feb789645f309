// The signs of the map, told apart by shape and not by colour alone: a pin, a small dot, and a ring.
import type { MarkKind } from './marks.ts';

/** Around (0, 0), the spot itself; part of an SVG. */
export function MarkSign({ kind }: { readonly kind: MarkKind }) {
  if (kind === 'landmark') {
    return (
      <>
        <path
          class="mark mark--landmark"
          d="M0 0C-2.2-6.4-7-8.6-7-14A7 7 0 0 1 7-14C7-8.6 2.2-6.4 0 0z"
        />
        <circle class="mark__eye" cy={-14} r={2.6} />
      </>
    );
  }
  if (kind === 'photo') {
    return (
      <>
        <circle class="mark mark--halo" r={6.5} />
        <circle class="mark mark--photo" r={6.5} />
        <circle class="mark__core" r={2} />
      </>
    );
  }
  return <circle class="mark mark--runner-up" r={4} />;
}

/** The sign beside its line in the list. */
export function ListSign({ kind }: { readonly kind: MarkKind }) {
  return (
    <svg class="where__sign" viewBox="-11 -11 22 22" aria-hidden="true">
      <g transform={kind === 'landmark' ? 'translate(0 10.5)' : ''}>
        <MarkSign kind={kind} />
      </g>
    </svg>
  );
}
