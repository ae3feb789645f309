// The documents of the repository, and what is in them: fenced blocks, inline code, links, headings.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Block {
  /** Document and line, for messages. */
  readonly at: string;
  readonly document: string;
  /** What stands behind the fence, such as `sh`; empty where nothing does. */
  readonly language: string;
  readonly text: string;
}

export interface Found {
  readonly at: string;
  readonly document: string;
  readonly text: string;
}

const FENCE = /^( *)(```+)([^\n]*)\n([\s\S]*?)^\1\2[ \t]*$/gm;

/** Paths of all documents that people read, from the root. */
export function documents(): string[] {
  const of = (folder: string) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => (folder === '.' ? name : `${folder}/${name}`));
  return ['.', 'docs', 'models'].flatMap(of).sort();
}

export const readDocument = (path: string) => readFileSync(join(ROOT, path), 'utf8');

export function blocksOf(document: string): Block[] {
  const text = readDocument(document);
  return [...text.matchAll(FENCE)].map((match) => ({
    at: `${document}:${lineOf(text, match.index)}`,
    document,
    language: (match[3] ?? '').trim(),
    text: match[4] ?? '',
  }));
}

/** Code between single backticks, outside of blocks; one that goes over a line's end, too. */
export function inlineCodeOf(document: string): Found[] {
  const text = withoutBlocks(readDocument(document));
  return [...text.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map((match) => ({
    at: `${document}:${lineOf(text, match.index)}`,
    document,
    text: (match[1] ?? '').replace(/\s+/g, ' '),
  }));
}

/** Targets of links and pictures. */
export function linksOf(document: string): Found[] {
  const text = withoutBlocks(readDocument(document)).replace(/`[^`]*`/g, (code) =>
    ' '.repeat(code.length),
  );
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].map((match) => ({
    at: `${document}:${lineOf(text, match.index)}`,
    document,
    text: match[1] ?? '',
  }));
}

/** Anchors of the headings, as GitHub makes them. */
export function anchorsOf(document: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = [...withoutBlocks(readDocument(document)).matchAll(/^#{1,6} +(.+?)\s*$/gm)].map(
    ([, heading = '']) => {
      const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = plain.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
      const before = seen.get(anchor) ?? 0;
      seen.set(anchor, before + 1);
      return before === 0 ? anchor : `${anchor}-${before}`;
    },
  );
  return new Set(anchors);
}

/** Lines stay where they are. */
function withoutBlocks(text: string): string {
  return text.replace(FENCE, (block) => block.replace(/[^\n]/g, ' '));
}

const lineOf = (text: string, index: number) => text.slice(0, index).split('\n').length;
