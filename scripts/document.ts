// Documents with parts that commands write: between `<!-- NAME begins -->` and `<!-- NAME ends -->`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '..');

function bounds(document: string, text: string, name: string): [begin: number, end: number] {
  const mark = `<!-- ${name} begins -->`;
  const begin = text.indexOf(mark) + mark.length;
  const end = text.indexOf(`<!-- ${name} ends -->`);
  if (begin < mark.length || end < begin)
    throw new Error(`${document} lacks the marks of ${name}.`);
  return [begin, end];
}

/** @param document path from the repository's root */
export function readPart(document: string, name: string): string {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return text.slice(...bounds(document, text, name)).trim();
}

/** Replaces what stands between the marks; what is written around them stays. */
export function writePart(document: string, name: string, part: string): void {
  const path = join(ROOT, document);
  const text = readFileSync(path, 'utf8');
  const [begin, end] = bounds(document, text, name);
  writeFileSync(path, `${text.slice(0, begin)}\n${part.trim()}\n${text.slice(end)}`);
}

/** Rows of a table of the part that now stands there, by their first cell: those that are not made anew. */
export function rowsOf(part: string): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const line of part.split('\n')) {
    const name = /^\| ([^|]+?) \|/.exec(line)?.[1];
    if (name === undefined) continue;
    rows.set(name, [...(rows.get(name) ?? []), line]);
  }
  return rows;
}

export function tableRow(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}
