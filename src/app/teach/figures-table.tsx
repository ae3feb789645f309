// Held-out photos named rightly before and after tuning: what the user decides by.
import type { Figures, Share } from '../../training/adapter/figures.ts';
import type { TuningScope } from '../../training/tuning/trainer-keep.ts';
import { useWords } from '../app.ts';

interface FiguresTableProps {
  readonly scope: TuningScope;
  readonly before: Figures;
  /** Null while nothing was better than what there is. */
  readonly after: Figures | null;
}

export function FiguresTable({ scope, before, after }: FiguresTableProps) {
  const { t } = useWords();
  const { tuning } = t.teach;
  const groups = [
    ['taught', tuning.taughtPhotos],
    ['known', tuning.knownPhotos],
  ] as const;
  // A tuned network compares taught photos only: the others are compared as before.
  const shown = scope === 'head' ? groups : groups.slice(0, 1);
  return (
    <table class="figures" data-testid="figures">
      <caption>{tuning.figures}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{tuning.before}</th>
          <th scope="col">{tuning.after}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(([group, name]) => (
          <tr key={group}>
            <th scope="row">{name}</th>
            <td>
              <Right share={before[group]} />
            </td>
            <td>{after ? <Right share={after[group]} /> : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Right({ share: { right, of, lead } }: { readonly share: Share }) {
  const { t, f } = useWords();
  const { tuning } = t.teach;
  if (of === 0) return <>{tuning.noneHeldOut}</>;
  return (
    <>
      {tuning.right(f.count(right), f.count(of))}
      <span class="figures__lead">{tuning.leadOf(f.signed(lead))}</span>
    </>
  );
}
