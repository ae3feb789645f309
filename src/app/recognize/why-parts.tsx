// The building blocks of the "why": a titled block, and a row with a name, a number and perhaps a bar.
import type { ComponentChildren } from 'preact';

interface BlockProps {
  readonly title: string;
  readonly note?: string;
  readonly children: ComponentChildren;
}

export function Block({ title, note, children }: BlockProps) {
  return (
    <section class="block">
      <h4 class="block__title">{title}</h4>
      {note && <p class="block__note">{note}</p>}
      {children}
    </section>
  );
}

interface NumberRowProps {
  readonly name: string;
  readonly value: string;
  readonly strong?: boolean;
  readonly children?: ComponentChildren;
}

/** To be used inside a `<dl class="numbers">`. */
export function NumberRow({ name, value, strong = false, children }: NumberRowProps) {
  return (
    <div class={strong ? 'numbers__row numbers__row--strong' : 'numbers__row'}>
      <dt>{name}</dt>
      <dd>{value}</dd>
      {children && <dd class="numbers__bar">{children}</dd>}
    </div>
  );
}
