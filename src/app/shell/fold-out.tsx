// A button that folds out a few more buttons below it; Escape, a press elsewhere and leaving it fold it in again.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { ChevronIcon } from './icons.tsx';

export interface FoldOutChoice {
  readonly id: string;
  readonly label: string;
  /** A line that says more. */
  readonly hint?: string;
  readonly onChoose: () => void;
}

interface FoldOutProps {
  readonly label: ComponentChildren;
  /** Where the label alone would not tell one from another; begins with the label's words. */
  readonly name?: string;
  readonly choices: readonly FoldOutChoice[];
  /** What was chosen last is not done yet. The button keeps the focus. */
  readonly busy?: boolean;
  readonly testId: string;
  /** A control of its own after the choices, which leaves the panel open. */
  readonly children?: ComponentChildren;
  /** Which side of what is around it the panel keeps to. */
  readonly side?: 'start' | 'end';
}

export function FoldOut(props: FoldOutProps) {
  const { label, name, choices, busy = false, testId, side = 'start', children } = props;
  const open = useSignal(false);
  const whole = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open.value) return;
    const listen = new AbortController();
    const outside = (target: EventTarget | null) => !whole.current?.contains(target as Node | null);
    const on = <K extends keyof DocumentEventMap>(
      type: K,
      handle: (event: DocumentEventMap[K]) => void,
    ) => document.addEventListener(type, handle, { signal: listen.signal });
    on('pointerdown', ({ target }) => {
      if (outside(target)) open.value = false;
    });
    on('focusin', ({ target }) => {
      if (outside(target)) open.value = false;
    });
    on('keydown', ({ key }) => {
      if (key !== 'Escape') return;
      open.value = false;
      button.current?.focus();
    });
    return () => listen.abort();
  }, [open.value, open]);

  function close() {
    open.value = false;
    button.current?.focus();
  }

  return (
    <div ref={whole} class={`foldout foldout--${side}`}>
      <button
        ref={button}
        type="button"
        class="button button--quiet"
        aria-expanded={open.value}
        aria-controls={open.value ? id : undefined}
        aria-label={name}
        aria-disabled={busy}
        data-testid={testId}
        onClick={() => {
          if (!busy) open.value = !open.value;
        }}
      >
        {label}
        <ChevronIcon />
      </button>
      {open.value && (
        <ul id={id} class="foldout__panel">
          {choices.map((choice) => (
            <li key={choice.id}>
              <button
                type="button"
                class="foldout__choice"
                data-testid={`${testId}-${choice.id}`}
                onClick={() => {
                  close();
                  choice.onChoose();
                }}
              >
                {choice.label}
                {choice.hint && <span class="foldout__hint">{choice.hint}</span>}
              </button>
            </li>
          ))}
          {children && <li class="foldout__own">{children}</li>}
        </ul>
      )}
    </div>
  );
}
