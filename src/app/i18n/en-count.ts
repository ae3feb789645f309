// English plurals.

export const plural = new Intl.PluralRules('en');

/** `shown` is the number already formatted; `n` decides between singular and plural. */
export function count(n: number, shown: string, one: string, many: string): string {
  return `${shown} ${plural.select(n) === 'one' ? one : many}`;
}
