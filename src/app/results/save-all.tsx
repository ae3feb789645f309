// Saves the results of all photos in the queue that are done or failed, in one file.
import { useApp, useWords } from '../app.ts';
import { FoldOut } from '../shell/fold-out.tsx';
import { SaveIcon } from '../shell/icons.tsx';
import { saveFile } from '../shell/save-file.ts';
import { csvTable, jsonLines, resultsOf } from './result-files.ts';

const NAME = 'cairn-results';

export function SaveAll() {
  const { queue, labels, announcer } = useApp();
  const { t } = useWords();

  function save(text: string, type: string, ending: string) {
    const name = `${NAME}.${ending}`;
    saveFile(new Blob([text], { type }), name);
    announcer.say(t.results.saved(name));
  }

  return (
    <FoldOut
      label={
        <>
          <SaveIcon />
          {t.results.all}
        </>
      }
      testId="save-all"
      side="end"
      choices={[
        {
          id: 'csv',
          label: t.results.csv,
          hint: t.results.csvHint,
          onChoose: () =>
            save(csvTable(resultsOf(queue.items.peek()), labels.peek()), 'text/csv', 'csv'),
        },
        {
          id: 'jsonl',
          label: t.results.jsonLines,
          hint: t.results.jsonLinesHint,
          onChoose: () =>
            save(jsonLines(resultsOf(queue.items.peek())), 'application/jsonl', 'jsonl'),
        },
      ]}
    />
  );
}
