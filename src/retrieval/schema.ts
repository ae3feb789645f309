// Checks JSON of unknown origin field by field; a complaint names the path, what is there, what should be.
import { shownValue } from '../errors.ts';

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
  return new Place(value, null, path, complain);
}

/** A class, with its path put together when it is told: files have a million values. */
class Place implements Checker {
  constructor(
    private readonly value: unknown,
    private readonly parent: Place | null,
    private readonly key: string | number,
    private readonly complain: Complain,
  ) {}

  get absent(): boolean {
    return this.value === undefined;
  }

  object(): { at(key: string): Checker } {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      this.#fail('an object');
    const map = value as Record<string, unknown>;
    return {
      at: (key) =>
        new Place(Object.hasOwn(map, key) ? map[key] : undefined, this, key, this.complain),
    };
  }

  array(max: number): Checker[] {
    const { value } = this;
    if (!Array.isArray(value)) return this.#fail('an array');
    if (value.length > max) {
      throw this.complain(`${this.#path} has ${value.length} elements, more than ${max}`);
    }
    return value.map((element, i) => new Place(element, this, i, this.complain));
  }

  string(max: number, min = 1): string {
    const { value } = this;
    return typeof value === 'string' && value.length >= min && value.length <= max
      ? value
      : this.#fail(`a text of ${min} to ${max} characters`);
  }

  number(min: number, max: number): number {
    return this.#numeric(min, max, false);
  }

  integer(min: number, max: number): number {
    return this.#numeric(min, max, true);
  }

  satisfies<T>(test: (value: unknown) => value is T, what: string): T {
    const { value } = this;
    return test(value) ? value : this.#fail(what);
  }

  orNull<T>(read: (at: Checker) => T): T | null {
    return this.value === null ? null : read(this);
  }

  #numeric(min: number, max: number, whole: boolean): number {
    const { value } = this;
    return typeof value === 'number' &&
      value >= min &&
      value <= max &&
      (!whole || Number.isSafeInteger(value))
      ? value
      : this.#fail(`${whole ? 'a whole number' : 'a number'} from ${min} to ${max}`);
  }

  get #path(): string {
    const above = this.parent === null ? '' : this.parent.#path;
    if (typeof this.key === 'number') return `${above}[${this.key}]`;
    return above === '' ? this.key : `${above}.${this.key}`;
  }

  #fail(wanted: string): never {
    const where = this.#path === '' ? 'the whole' : this.#path;
    throw this.complain(
      this.value === undefined
        ? `${where} is missing`
        : `${where} is ${shownValue(this.value)} and should be ${wanted}`,
    );
  }
}
