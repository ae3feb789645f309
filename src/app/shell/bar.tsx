// A slab whose length is a share. Widths are set through CSSOM, which the page's CSP allows.

/** `share` 0..1. Decorative: the number always stands beside it. */
export function Bar({
  share,
  strong = false,
}: {
  readonly share: number;
  readonly strong?: boolean;
}) {
  return (
    <span class={strong ? 'bar bar--strong' : 'bar'} aria-hidden="true">
      <span class="bar__fill" style={{ '--share': String(share) }} />
    </span>
  );
}

/** A contribution to either side of a middle line; `share` −1..1. */
export function BalanceBar({ share }: { readonly share: number }) {
  return (
    <span class="balance" aria-hidden="true">
      <span
        class={share < 0 ? 'balance__fill balance__fill--against' : 'balance__fill'}
        style={{ '--share': String(Math.abs(share)) }}
      />
    </span>
  );
}
