// Checks JSON of unknown origin field by field; a complaint names the path, what is there, what should be.

/** Makes the error that is thrown; gets a clause such as `labels[3].lat is "x" and should be …`. */
export type Complain = (what: string) => Error;

/** A value at a path. Each method returns the value in its type or throws the complaint. */
export interface Checker {
  /** Whether there is nothing at the path. */
  readonly absent: boolean;
  object(): { at(key: string): Checker };
  /** Elements, at most `max` of them. */
  array(max: number): Checker[];
  /** A string of `min` (1 unless told) to `max` UTF-16 units. */
  string(max: number, min?: number): string;
  /** A finite number in the closed range. */
  number(min: number, max: number): number;
  integer(min: number, max: number): number;
  satisfies<T>(test: (value: unknown) => value is T, what: string): T;
  orNull<T>(read: (at: Checker) => T): T | null;
}

/** `path` is empty at the root. */
export function checker(value: unknown, path: string, complain: Complain): Checker {
  const fail = (wanted: string): never => {
    const where = path === '' ? 'the whole' : path;
    throw complain(
      value === undefined
        ? `${where} is missing`
        : `${where} is ${show(value)} and should be ${wanted}`,
    );
  };
  const numeric = (min: number, max: number, whole: boolean): number =>
    typeof value === 'number' &&
    value >= min &&
    value <= max &&
    (!whole || Number.isSafeInteger(value))
      ? value
      : fail(`${whole ? 'a whole number' : 'a number'} from ${min} to ${max}`);
  return {
    absent: value === undefined,
    object() {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) fail('an object');
      const map = value as Record<string, unknown>;
      return {
        at: (key) =>
          checker(
            Object.hasOwn(map, key) ? map[key] : undefined,
            path ? `${path}.${key}` : key,
            complain,
          ),
      };
    },
    array(max) {
      if (!Array.isArray(value)) return fail('an array');
      if (value.length > max)
        throw complain(`${path} has ${value.length} elements, more than ${max}`);
      return value.map((element, i) => checker(element, `${path}[${i}]`, complain));
    },
    string: (max, min = 1) =>
      typeof value === 'string' && value.length >= min && value.length <= max
        ? value
        : fail(`a text of ${min} to ${max} characters`),
    number: (min, max) => numeric(min, max, false),
    integer: (min, max) => numeric(min, max, true),
    satisfies: (test, what) => (test(value) ? value : fail(what)),
    orNull: (read) => (value === null ? null : read(checker(value, path, complain))),
  };
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
