// Commands of `sh` blocks as words: enough of a shell for what documents show, and no more. Nothing is expanded.

/** One for each command, also of those that `&&`, `;` and `|` join; assignments before a command are left out. */
export function commandsOf(text: string): string[][] {
  const lines = text.replace(/\\\n/g, ' ').split('\n');
  return lines.flatMap(wordsOfLine).flatMap((words) => {
    const start = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
    return start < 0 ? [] : [words.slice(start)];
  });
}

function wordsOfLine(line: string): string[][] {
  const commands: string[][] = [[]];
  const words = line.matchAll(
    /\s+|#.*|&&|\|\||[;|&]|[<>]+\s*\S+|(?:'[^']*'|"[^"]*"|[^\s;|&<>'"])+/g,
  );
  let spaced = true;
  for (const [word] of words) {
    if (/^\s/.test(word)) {
      spaced = true;
      continue;
    }
    if (word.startsWith('#') && spaced) break;
    if (/^[;|&]/.test(word)) commands.push([]);
    else if (!/^[<>]/.test(word))
      commands.at(-1)?.push(word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
    spaced = false;
  }
  return commands.filter((words) => words.length > 0);
}
