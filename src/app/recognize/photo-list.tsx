// The photos in the queue, in the order in which they came, with how many are done.
import { useApp, useWords } from '../app.ts';
import { SaveAll } from '../results/save-all.tsx';
import { PhotoCard } from './photo-card.tsx';
import { tally } from './queue-state.ts';

export function PhotoList() {
  const { queue, announcer } = useApp();
  const { t, f } = useWords();
  const items = queue.items.value;
  const { total, settled } = tally(items);

  function clear() {
    queue.clear();
    announcer.say(t.recognize.cleared);
    focus('file-input');
  }

  function remove(id: number) {
    queue.remove(id);
    // The button that had the focus is gone: stay near.
    focus(queue.items.peek().length > 0 ? 'queue-title' : 'file-input');
  }

  return (
    <section class="photos" aria-labelledby="queue-title">
      <div class="photos__head">
        <h2 id="queue-title" tabIndex={-1}>
          {t.recognize.queue}
        </h2>
        <p class="photos__tally" data-testid="queue-tally">
          {t.recognize.doneOf(f.count(settled), f.count(total))}
        </p>
        {settled > 0 && <SaveAll />}
        <button type="button" class="button button--quiet" data-testid="clear-all" onClick={clear}>
          {t.recognize.clear}
        </button>
      </div>
      <ul class="photos__list">
        {items.map((item) => (
          <PhotoCard key={item.id} item={item} onRemove={remove} />
        ))}
      </ul>
    </section>
  );
}

function focus(id: string): void {
  // After the render that the change has set off.
  requestAnimationFrame(() => document.getElementById(id)?.focus());
}
