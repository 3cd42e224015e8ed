import type { Words } from '../../../core/errors.ts';
import { TIME_UNITS, type TimeUnit } from './time-unit.ts';

export type FieldValue = number | bigint | boolean | string;

/** One line of InfluxDB's line protocol; times are UTC in ms. */
export interface Line {
  readonly line: number;
  readonly text: string;
  readonly measurement: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly fields: readonly (readonly [key: string, value: FieldValue])[];
  readonly timeMs: number | undefined;
}

/** A line that cannot be read. */
export interface BadLine {
  readonly line: number;
  readonly text: string;
  readonly problem: Words;
}

class LineProblem {
  readonly words: Words;

  constructor(en: string, zh: string) {
    this.words = { en, zh };
  }
}

/**
 * Line protocol as InfluxDB 1.x and 2.x read it; a bad line costs only itself.
 *
 *     measurement[,tag=value…] field=value[,field=value…] [time]
 *     5 5.0 1e3 float · 5i integer · 5u unsigned · t T true f F false boolean · "text"
 *
 * A backslash escapes comma, blank and equals sign in names and tags, and `"` and `\` in a text; before anything else it
 * is itself. A text may hold line ends. Lines that begin with # are comments.
 */
export function parseLines(body: string, unit: TimeUnit): (Line | BadLine)[] {
  const found: (Line | BadLine)[] = [];
  let canHoldLineEnds = true;
  let line = 1;
  for (let start = 0; start < body.length; ) {
    let end = endOfLine(body, start, canHoldLineEnds);
    if (end === undefined) {
      // A text that nobody closed would swallow all lines after it: from here on each ends where it seems to.
      canHoldLineEnds = false;
      end = endOfLine(body, start, false)!;
    }
    const parsed = parseLine(body.slice(start, end), line, unit);
    if (parsed) found.push(parsed);
    for (let at = start; at <= end; at++) if (body[at] === '\n') line++;
    start = end + 1;
  }
  return found;
}

/** `undefined` where the body ends within a text. A quote only begins a text where a value does. */
function endOfLine(body: string, start: number, canHoldLineEnds: boolean): number | undefined {
  if (!canHoldLineEnds) return body.indexOf('\n', start) < 0 ? body.length : body.indexOf('\n', start);
  let isInFields = false;
  let isQuoted = false;
  let isComment = true;
  let equals = 0;
  let commas = 0;
  for (let at = start; at < body.length; at++) {
    const char = body[at];
    if (char === '\n' && !isQuoted) return at;
    if (isComment && isBlank(char)) continue;
    if (isComment && char === '#') return endOfLine(body, start, false);
    if (isComment) isComment = false;
    if (char === '\\') {
      if (body[at + 1] !== '\n') at++;
    } else if (char === ' ') isInFields = true;
    else if (isInFields && char === '"' && equals > commas) isQuoted = !isQuoted;
    else if (isInFields && !isQuoted && char === '=') equals++;
    else if (isInFields && !isQuoted && char === ',') commas++;
  }
  return isQuoted ? undefined : body.length;
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\r';
}

function parseLine(text: string, line: number, unit: TimeUnit): Line | BadLine | undefined {
  const scan = new Scan(text);
  scan.skipBlanks();
  if (scan.isAtEnd || scan.next === '#') return undefined;
  try {
    const measurement = scan.name(', ', ', ');
    if (measurement === '') throw new LineProblem('it has no measurement', '缺少 measurement');
    const tags = parseTags(scan);
    scan.skipBlanks();
    const fields = parseFields(scan);
    scan.skipBlanks();
    const timeMs = parseTime(scan.rest().trimEnd(), unit);
    return { line, text, measurement, tags, fields, timeMs };
  } catch (thrown) {
    if (!(thrown instanceof LineProblem)) throw thrown;
    return { line, text, problem: thrown.words };
  }
}

function parseTags(scan: Scan): [string, string][] {
  const tags: [string, string][] = [];
  while (scan.take(',')) {
    const key = scan.name('=, ', ',= ');
    if (key === '') throw new LineProblem('a tag has no name', '标签缺少名称');
    const value = scan.take('=') ? scan.name(', =', ',= ') : '';
    if (value === '')
      throw new LineProblem(`tag ${key.slice(0, 64)} has no value`, `标签 ${key.slice(0, 64)} 没有值`);
    if (scan.next === '=') {
      throw new LineProblem(
        `tag ${key.slice(0, 64)} has an equals sign in it; write it as \\=`,
        `标签 ${key.slice(0, 64)} 中含有等号；请写作 \\=`,
      );
    }
    if (tags.some(([other]) => other === key)) {
      throw new LineProblem(`tag ${key.slice(0, 64)} is there twice`, `标签 ${key.slice(0, 64)} 重复`);
    }
    tags.push([key, value]);
  }
  return tags;
}

function parseFields(scan: Scan): [string, FieldValue][] {
  const fields: [string, FieldValue][] = [];
  do {
    const key = scan.name('=, ', ',= "');
    const shown = key.slice(0, 64);
    if (!scan.take('=')) {
      throw key === '' && fields.length === 0
        ? new LineProblem('it has no field', '缺少字段')
        : new LineProblem(`field ${shown} has no value`, `字段 ${shown} 没有值`);
    }
    if (key === '') throw new LineProblem('a field has no name', '字段缺少名称');
    const value = scan.take('"') ? scan.text() : plainValue(scan.token());
    if (value === undefined) {
      throw new LineProblem(
        `field ${shown} is no number, boolean or text in quotes`,
        `字段 ${shown} 不是数值、布尔值或带引号的文本`,
      );
    }
    fields.push([key, value]);
  } while (scan.take(','));
  if (!scan.isAtEnd && !isBlank(scan.next)) {
    throw new LineProblem('something stands right behind a text', '文本之后紧跟其他内容');
  }
  return fields;
}

const TRUE: ReadonlySet<string> = new Set(['t', 'T', 'true', 'True', 'TRUE']);
const FALSE: ReadonlySet<string> = new Set(['f', 'F', 'false', 'False', 'FALSE']);
const FLOAT = /^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INTEGER = /^-?\d+i$/;
const UNSIGNED = /^\d+u$/;

function plainValue(token: string): FieldValue | undefined {
  if (FLOAT.test(token)) return finite(Number(token));
  if (INTEGER.test(token)) return integer(token, -(2n ** 63n), 2n ** 63n);
  if (UNSIGNED.test(token)) return integer(token, 0n, 2n ** 64n);
  if (TRUE.has(token)) return true;
  return FALSE.has(token) ? false : undefined;
}

function finite(number: number): number | undefined {
  return Number.isFinite(number) ? number : undefined;
}

function integer(token: string, from: bigint, before: bigint): number | bigint | undefined {
  const digits = token.slice(0, -1);
  if (digits.length <= 15) return Number(digits);
  const value = BigInt(digits);
  if (value < from || value >= before) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function parseTime(text: string, unit: TimeUnit): number | undefined {
  if (text === '') return undefined;
  if (!/^-?\d{1,20}$/.test(text)) {
    const shown = text.slice(0, 40);
    throw new LineProblem(`"${shown}" is no time: a whole number is`, `"${shown}" 不是时间：应为整数`);
  }
  const { ms, perMs } = TIME_UNITS[unit];
  if (perMs === 1n) return Number(text) * ms;
  const time = BigInt(text);
  // To the millisecond before: also for times before 1970, where division would round towards it.
  return Number(time >= 0n ? time / perMs : -((perMs - 1n - time) / perMs));
}

/** A place in one line. */
class Scan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  get next(): string | undefined {
    return this.#text[this.#at];
  }

  take(char: string): boolean {
    if (this.next !== char) return false;
    this.#at++;
    return true;
  }

  skipBlanks(): void {
    while (isBlank(this.next)) this.#at++;
  }

  rest(): string {
    return this.#text.slice(this.#at);
  }

  /** Up to one of `stops`; a backslash takes the meaning from each of `escaped`. */
  name(stops: string, escaped: string): string {
    let name = '';
    let from = this.#at;
    for (; !this.isAtEnd; this.#at++) {
      const char = this.#text[this.#at]!;
      if (char === '\\' && escaped.includes(this.#text[this.#at + 1] ?? '\n')) {
        name += this.#text.slice(from, this.#at);
        from = ++this.#at;
      } else if (stops.includes(char)) break;
    }
    return name + this.#text.slice(from, this.#at);
  }

  token(): string {
    const from = this.#at;
    while (!this.isAtEnd && this.next !== ',' && !isBlank(this.next)) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  /** Behind its opening quote. */
  text(): string {
    let text = '';
    let from = this.#at;
    for (; !this.isAtEnd; this.#at++) {
      const char = this.#text[this.#at];
      const following = this.#text[this.#at + 1];
      if (char === '\\' && (following === '"' || following === '\\')) {
        text += this.#text.slice(from, this.#at);
        from = ++this.#at;
      } else if (char === '"') {
        text += this.#text.slice(from, this.#at++);
        return text;
      }
    }
    throw new LineProblem('a text has no closing quote', '文本缺少右引号');
  }
}
