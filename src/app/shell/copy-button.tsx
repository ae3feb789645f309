// A button that copies a text and says whether it worked, in its own label and to screen readers.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useWords } from '../app.ts';
import { CopyIcon } from './icons.tsx';

interface CopyButtonProps {
  readonly label: string;
  readonly text: () => string;
  /** Shows the icon alone; the label is then the accessible name. */
  readonly compact?: boolean;
}

/** How long "Copied" stays, ms. */
const SHOWN = 2000;

export function CopyButton({ label, text, compact = false }: CopyButtonProps) {
  const { announcer } = useApp();
  const { t } = useWords();
  const outcome = useSignal<'none' | 'copied' | 'failed'>('none');

  useEffect(() => {
    if (outcome.value === 'none') return;
    const timer = setTimeout(() => {
      outcome.value = 'none';
    }, SHOWN);
    return () => clearTimeout(timer);
  }, [outcome.value]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(text());
      outcome.value = 'copied';
      announcer.say(t.verdict.copied);
    } catch {
      outcome.value = 'failed';
      announcer.say(t.verdict.copyFailed);
    }
  }

  const said = { none: label, copied: t.verdict.copied, failed: t.verdict.copyFailed }[
    outcome.value
  ];
  return (
    <button
      type="button"
      class={compact ? 'button button--icon' : 'button button--quiet'}
      data-outcome={outcome.value}
      aria-label={compact ? said : undefined}
      title={compact ? said : undefined}
      onClick={copy}
    >
      <CopyIcon />
      {!compact && said}
    </button>
  );
}
