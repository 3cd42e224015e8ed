import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Static, TSchema } from 'typebox';
import { type Document, isMap, LineCounter, parseDocument, type YAMLParseError } from 'yaml';
import { brokerUrlProblem } from './broker-url.ts';
import { reasonOf, SluiceError } from './errors.ts';
import { ID_PATTERN } from './ids.ts';

const LONGEST_ECHO = 80;
/** The parser's own words with what it echoes in them. */
const LONGEST_YAML_WORDS = 160;

/** Texts that no pattern describes: a schema names them as its `format`, and each says what is wrong with a text. */
const FORMATS: Readonly<Record<string, (text: string) => string | undefined>> = {
  'broker-url': brokerUrlProblem,
};

/**
 * Reads a YAML (or JSON) file and checks it against a schema that the owner of the settings keeps beside them.
 * Unknown keys are refused, nothing is coerced, defaults are filled in, and the result is frozen. Every problem is
 * reported with its line, its place and what would be right.
 */
export function loadConfig<T extends TSchema>(schema: T, file: string): Static<T> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new SluiceError('CONFIG_UNREADABLE', { file, reason: reasonOf(error) }, error);
  }
  const name = basename(file);
  return parseConfig(schema, textOf(bytes, name), name);
}

/** Editors on Windows also save UTF-16, which has zero bytes and a mark that is not UTF-8, or a Chinese code page. */
function textOf(bytes: Uint8Array, name: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Not UTF-8: said below.
  }
  throw new SluiceError('CONFIG_INVALID', {
    problems: `  ${name}: is not a text in UTF-8; save it as UTF-8`,
  });
}

/** As `loadConfig`, from a text; `name` stands for the file in messages. */
export function parseConfig<T extends TSchema>(schema: T, text: string, name: string): Static<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(
      (error) => `  ${name}:${lines.linePos(error.pos[0]).line}: ${wordsForYaml(error)}`,
    );
    throw new SluiceError('CONFIG_INVALID', { problems: problems.join('\n') });
  }
  const value = contentOf(document, name);
  const locate = (path: readonly string[]) => `${name}:${lineOf(document, lines, path)}: `;
  return checkConfig(schema, value, locate);
}

function wordsForYaml({ code, message }: YAMLParseError): string {
  if (code === 'MULTIPLE_DOCS')
    return 'a settings file holds one document; remove this "---" and what follows';
  return `not valid YAML: ${short(message, LONGEST_YAML_WORDS)}`;
}

/** An alias without its anchor, or aliases that multiply without end, show only here. */
function contentOf(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    throw new SluiceError(
      'CONFIG_INVALID',
      { problems: `  ${name}: not valid YAML: ${short(reasonOf(error), LONGEST_YAML_WORDS)}` },
      error,
    );
  }
}

/** To compile a schema takes more time and memory than anything else at start, and many devices have the same profile's. */
const validators = new WeakMap<TSchema, ValidateFunction>();

function validatorOf(schema: TSchema): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    useDefaults: true,
    verbose: true,
    discriminator: true,
  });
  for (const [name, problemOf] of Object.entries(FORMATS)) {
    ajv.addFormat(name, (text: string) => problemOf(text) === undefined);
  }
  const validate = ajv.compile(schema);
  validators.set(schema, validate);
  return validate;
}

/** As `loadConfig`, for a value that is already in memory; the value itself is filled with defaults and frozen. */
export function checkConfig<T extends TSchema>(
  schema: T,
  value: unknown,
  locate: (path: readonly string[]) => string = () => '',
): Static<T> {
  const validate = validatorOf(schema);
  if (!validate(value)) {
    const problems = describe(validate.errors ?? []).map(({ path, text }) => {
      const place = path.length === 0 ? 'the file' : dotted(path);
      return `  ${locate(path)}${place}: ${text}`;
    });
    throw new SluiceError('CONFIG_INVALID', { problems: [...new Set(problems)].join('\n') });
  }
  return deepFreeze(value) as Static<T>;
}

const ID_FORM = 'use 1 to 64 of the characters A–Z a–z 0–9 _ -';

interface Problem {
  readonly path: string[];
  readonly text: string;
}

function describe(errors: readonly ErrorObject[]): Problem[] {
  const problems = errors.map((error): Problem => {
    const path = error.instancePath.split('/').slice(1).map(unescapePointer);
    const params = error.params as Record<string, unknown>;
    switch (error.keyword) {
      case 'additionalProperties': {
        const key = String(params.additionalProperty);
        // A group whose keys are names that the user makes up: any name will do, if it is one.
        if (error.parentSchema?.patternProperties) {
          return { path: [...path, key], text: `the name is not valid: ${ID_FORM}` };
        }
        const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
        const near = known.find((other) => editDistance(other, key) <= 2);
        const hint = near ? `did you mean "${near}"?` : `known keys: ${known.join(', ') || 'none'}`;
        return { path: [...path, key], text: `unknown key; ${hint}` };
      }
      case 'required':
        return { path: [...path, String(params.missingProperty)], text: 'missing; it must be set' };
      case 'type':
        return { path, text: `must be ${wordsForType(params.type)}, and is ${quoted(error.data)}` };
      case 'enum':
      case 'const': {
        const allowed =
          error.keyword === 'const' ? [params.allowedValue] : (params.allowedValues as unknown[]);
        const list = allowed.map((one) => JSON.stringify(one)).join(', ');
        return { path, text: `must be one of ${list}, and is ${quoted(error.data)}` };
      }
      case 'pattern':
        return {
          path,
          text:
            params.pattern === ID_PATTERN
              ? `${quoted(error.data)} is not valid: ${ID_FORM}`
              : `${quoted(error.data)} does not have the form ${String(params.pattern)}`,
        };
      case 'format':
        return { path, text: String(FORMATS[String(params.format)]?.(String(error.data))) };
      case 'discriminator':
        return { path, text: `needs "${String(params.tag)}", and it must name a known kind` };
      default:
        return { path, text: `${error.message ?? error.keyword}, and is ${quoted(error.data)}` };
    }
  });
  // A union reports each branch and then itself: what the branches say is the useful part.
  const useful = problems.filter((_, index) => !['anyOf', 'oneOf', 'if'].includes(errors[index]!.keyword));
  return useful.length > 0 ? useful : problems;
}

function wordsForType(type: unknown): string {
  const words: Record<string, string> = {
    integer: 'a whole number',
    number: 'a number',
    string: 'a text',
    boolean: 'true or false',
    array: 'a list',
    object: 'a group of settings',
  };
  return [type]
    .flat()
    .map((one) => words[String(one)] ?? String(one))
    .join(' or ');
}

/** The line of the deepest part of `path` that the file has; for an unknown key, the line of the key itself. */
function lineOf(document: Document.Parsed, lines: LineCounter, path: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (!isMap(node)) {
      const next = (node as { get?: (key: unknown, keep: boolean) => unknown } | null)?.get?.(
        Number(key),
        true,
      );
      if (next === undefined) break;
      node = next;
    } else {
      const pair = node.items.find((item) => String((item.key as { value?: unknown }).value) === key);
      if (!pair) break;
      offset = (pair.key as { range?: [number] }).range?.[0] ?? offset;
      node = pair.value;
      continue;
    }
    offset = (node as { range?: [number] } | null)?.range?.[0] ?? offset;
  }
  return lines.linePos(offset).line;
}

function dotted(path: readonly string[]): string {
  return path
    .map((key) => short(key))
    .map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : index === 0 ? key : `.${key}`))
    .join('');
}

/** What the file holds, cut: a message must not be as long as what caused it. */
function quoted(value: unknown): string {
  return short(JSON.stringify(value));
}

function short(text: string, longest = LONGEST_ECHO): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function deepFreeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
