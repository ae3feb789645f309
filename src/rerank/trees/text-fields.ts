// Fields of LightGBM's model text: `key=value` lines up to a blank one, and the lists of numbers in them.
import { refuse } from './refuse.ts';

interface Field {
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A place in a text that is read line by line. */
export class LineReader {
  /** Of the next line, from 1. */
  line = 1;
  /** Where it begins, in characters. */
  offset = 0;

  constructor(private readonly text: string) {}

  get ended(): boolean {
    return this.offset >= this.text.length;
  }

  /** The next line without its end, without going past it; empty at the end of the text. */
  peek(): string {
    return this.text.slice(this.offset, this.endOfLine());
  }

  next(): string {
    const line = this.peek();
    this.offset = Math.min(this.offset + line.length + 1, this.text.length);
    this.line += 1;
    return line;
  }

  skipBlank(): void {
    while (!this.ended && this.endOfLine() === this.offset) this.next();
  }

  private endOfLine(): number {
    const end = this.text.indexOf('\n', this.offset);
    return end < 0 ? this.text.length : end;
  }
}

/** One block of fields. Every method throws `model-invalid` with the field and its line. */
export class Fields {
  private readonly fields = new Map<string, Field>();

  /**
   * Reads up to a blank line or the end.
   *
   * @param known Names that may occur; another one may change what the numbers mean, so it is refused.
   * @param what The block, for messages.
   */
  constructor(
    reader: LineReader,
    known: readonly string[],
    private readonly what: string,
  ) {
    while (!reader.ended) {
      const { line } = reader;
      const text = reader.next();
      if (text === '') break;
      const equals = text.indexOf('=');
      const key = equals < 0 ? text : text.slice(0, equals);
      if (!known.includes(key)) {
        throw refuse(`line ${line}, in ${what}, has the unknown field "${key.slice(0, 40)}".`);
      }
      if (this.fields.has(key)) throw refuse(`line ${line} repeats "${key}" of ${what}.`);
      this.fields.set(key, { value: equals < 0 ? '' : text.slice(equals + 1), line });
    }
  }

  has(key: string): boolean {
    return this.fields.has(key);
  }

  text(key: string): string {
    return this.field(key).value;
  }

  integer(key: string, least: number, most: number): number {
    const [value] = this.integers(key, 1, least, most);
    return value as number; // One was asked for, or it has thrown.
  }

  /** A list of exactly `count` whole numbers, each from `least` to `most`. */
  integers(key: string, count: number, least: number, most: number): number[] {
    return this.numbers(key, count, (text) => {
      const value = /^-?\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : Number.NaN;
    });
  }

  /** A list of exactly `count` numbers: finite ones, and with `infinite` also `inf` and `-inf`. */
  reals(key: string, count: number, { infinite = false } = {}): number[] {
    return this.numbers(key, count, (text) => {
      if (infinite && text === 'inf') return Number.POSITIVE_INFINITY;
      if (infinite && text === '-inf') return Number.NEGATIVE_INFINITY;
      const plain = /^-?\d{1,40}(\.\d{0,40})?(e[+-]?\d{1,4})?$/.test(text);
      const value = plain ? Number(text) : Number.NaN;
      return Number.isFinite(value) ? value : Number.NaN;
    });
  }

  private numbers(key: string, count: number, read: (text: string) => number): number[] {
    const { value, line } = this.field(key);
    // One more than there should be is enough to see: a long line of blanks would fill the memory.
    const parts = value === '' ? [] : value.split(' ', count + 1);
    const where = `line ${line}, ${key} of ${this.what},`;
    if (parts.length !== count) {
      const found = parts.length > count ? `more than ${count}` : parts.length;
      throw refuse(`${where} has ${found} numbers instead of ${count}.`);
    }
    return parts.map((part) => {
      const number = read(part);
      if (Number.isNaN(number)) throw refuse(`${where} cannot hold "${part.slice(0, 40)}".`);
      return number;
    });
  }

  private field(key: string): Field {
    const field = this.fields.get(key);
    if (!field) throw refuse(`${this.what} has no field "${key}".`);
    return field;
  }
}
