// Which scripts of a built site bring which others with them. Pure: works on the texts of its files.
import { init, parse } from 'es-module-lexer';

/** Scripts by their paths below the root of the site, with forward slashes. */
export type Scripts = ReadonlyMap<string, string>;

export interface ScriptLinks {
  /** Fetched with it, before it runs. */
  readonly imports: readonly string[];
  /** Fetched when it asks for them. */
  readonly lazy: readonly string[];
  /** Started by it as workers. */
  readonly workers: readonly string[];
}

/** Links of every script. Paths that lead to no script of the site are left out. */
export async function linksOf(scripts: Scripts): Promise<Map<string, ScriptLinks>> {
  await init;
  const links = new Map<string, ScriptLinks>();
  for (const [path, text] of scripts) {
    const found = (names: Iterable<string>) =>
      [...new Set([...names].map((name) => resolvePath(path, name)))].filter((one) =>
        scripts.has(one),
      );
    const [all] = parse(text);
    const named = (dynamic: boolean) =>
      all
        .filter(({ type }) => (type === 'dynamic') === dynamic)
        .flatMap((one) => ('specifier' in one && one.specifier ? [one.specifier] : []));
    links.set(path, {
      imports: found(named(false)),
      lazy: found(named(true)),
      workers: found(
        [...text.matchAll(/new Worker\(new URL\((?:new URL\()?[`'"]([^`'"]+)/g)].map(
          ([, name = '']) => name,
        ),
      ),
    });
  }
  return links;
}

/** These scripts and all that are fetched with them. */
export function closure(
  links: ReadonlyMap<string, Pick<ScriptLinks, 'imports'>>,
  from: Iterable<string>,
): Set<string> {
  const reached = new Set<string>();
  const open = [...from];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    open.push(...(links.get(path)?.imports ?? []));
  }
  return reached;
}

/** Scripts that a page names itself, by their paths below the root. */
export function scriptsOfPage(html: string): string[] {
  const named = [...html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+\.m?js)"/g)];
  return named.map(([, name = '']) => resolvePath('index.html', name));
}

function resolvePath(from: string, name: string): string {
  return decodeURIComponent(new URL(name, `https://site.invalid/${from}`).pathname.slice(1));
}
