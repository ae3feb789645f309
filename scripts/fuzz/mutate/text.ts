// Damage to texts by lines and words.
import type { Bytes } from '../../../src/weights/sha256.ts';
import type { Dice } from '../dice.ts';
import { mutateBytes } from './bytes.ts';
import { HOSTILE_NAMES, LONG_TEXT } from './strings.ts';

const WORDS = [
  '',
  '0',
  '-1',
  '1',
  '1.5',
  '1e400',
  '-1e400',
  'nan',
  'inf',
  '-inf',
  '0x10',
  '1_000',
  '2147483648',
  '4294967296',
  '99999999999999999999',
  '"',
  '""',
  ',',
  '=',
  '\t',
  '\r',
  '\ufeff',
  '\0',
  '\u2028',
  '__proto__',
  'constructor',
  LONG_TEXT,
];

/**
 * One to three mutations of lines and words.
 * @param between what separates words
 */
export function mutateText(text: string, dice: Dice, between: string): string {
  const lines = text.split('\n');
  const times = 1 + dice.below(3);
  for (let i = 0; i < times; i++) {
    const at = dice.below(lines.length);
    const words = (lines[at] ?? '').split(between);
    const word = dice.below(words.length);
    switch (dice.below(8)) {
      case 0:
        lines.splice(at, 1);
        continue;
      case 1:
        lines.splice(at, 0, lines[at] ?? '');
        continue;
      case 2: {
        const other = dice.below(lines.length);
        [lines[at], lines[other]] = [lines[other] ?? '', lines[at] ?? ''];
        continue;
      }
      case 3:
        words.splice(word, 1);
        break;
      case 4:
        words.splice(word, 0, words[word] ?? '');
        break;
      case 5:
        words[word] = dice.pick(HOSTILE_NAMES);
        break;
      default:
        words[word] = dice.pick(WORDS);
    }
    lines[at] = words.join(between);
  }
  return lines.join('\n');
}

/** Lines and words mostly, bytes at times. */
export function mutateTextBytes(
  bytes: Bytes,
  dice: Dice,
  others: readonly Bytes[],
  between: string,
): Bytes {
  if (dice.chance(0.2)) return mutateBytes(bytes, dice, others);
  return new TextEncoder().encode(mutateText(new TextDecoder().decode(bytes), dice, between));
}
