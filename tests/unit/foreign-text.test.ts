// Titles, licences, EXIF and the like come from strangers. They reach the page as text, and the terminal without its commands.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible } from '../../src/cli/output.ts';
import { ROOT } from './documents.ts';

/** Sources of all that runs in a browser, by path; without comments, which may name what they warn of. */
function pageSources(): Map<string, string> {
  const paths = ['src', 'workers', 'public', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  );
  const scripts = [...paths, 'index.html'].filter((path) => /\.(tsx?|m?js|html)$/.test(path));
  return new Map(
    scripts.map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      return [path, text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '')];
    }),
  );
}

const SOURCES = pageSources();

/** Where a pattern is found, with what it is. */
function found(pattern: RegExp, sources = SOURCES): string[] {
  return [...sources].flatMap(([path, text]) =>
    [...text.matchAll(pattern)].map(([match]) => `${path}: ${match}`),
  );
}

/** What makes markup, or a script, of a text. */
const SINKS =
  /\b(dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|DOMParser|srcdoc|srcDoc|document\.write(ln)?|new Function)\b|\beval\(|\bset(Timeout|Interval)\(\s*['"`]|javascript:/g;

describe('the page', () => {
  it('makes no markup and no script of text', () => {
    expect(SOURCES.size).toBeGreaterThan(300);
    expect(found(SINKS)).toEqual([]);
  });

  it('the search above finds what it is for', () => {
    const bad =
      'a.innerHTML = b; eval(c); setTimeout("d"); new Function("e"); <iframe srcdoc="f">; document.write(g)';
    expect(found(SINKS, new Map([['bad.ts', bad]]))).toHaveLength(6);
  });

  it('links to its own places alone', () => {
    const links = found(
      /\b(?:href|action|formAction|xlink:href)=(?:\{[^}]*\}|"[^"]*")/g,
      only(/\.tsx$/),
    );
    const own = /: href=(\{placeHref\([^)]*\)\}|\{LANDMARKS_HREF\}|"#main")$/;
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !own.test(link))).toEqual([]);
  });

  it('goes nowhere by script, but to files that it has made itself', () => {
    expect(
      found(/\bwindow\.open\(|\blocation\.(assign|replace)\(|\blocation(\.href)? = /g),
    ).toEqual([]);
    // Downloads: addresses of blobs.
    const set = found(/\.(?:href|src) = [^;]+;/g, only(/^src\/app\//));
    expect(set.filter((one) => !/: \.(href|src) = \w*url;$/i.test(one))).toEqual([]);
  });
});

const only = (paths: RegExp) => new Map([...SOURCES].filter(([path]) => paths.test(path)));

describe('the terminal', () => {
  it('gets no commands out of titles, names or answers', () => {
    expect(visible('\u001b]0;owned\u0007Eiffel\u009b31m Tower\r\u202egpj.exe')).toBe(
      '\uFFFD]0;owned\uFFFDEiffel\uFFFD31m Tower\uFFFD\uFFFDgpj.exe',
    );
    expect(visible('埃菲尔铁塔\tTour Eiffel, 98 %\n')).toBe('埃菲尔铁塔\tTour Eiffel, 98 %\n');
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.integer({ max: 0x2fff, min: 0 }).map((code) => String.fromCodePoint(code)),
        }),
        (text) => {
          expect(/[^\P{Cc}\t\n]/u.test(visible(text))).toBe(false);
        },
      ),
    );
  });
});
