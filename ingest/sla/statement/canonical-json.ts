/** What a statement is made of. A member that is undefined is left out, as JSON.stringify does. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/**
 * The one text that RFC 8785 (JCS) allows for a value: members in order of their names as UTF-16, no white space, numbers and texts as
 * ECMAScript writes them. Whoever has the value can make the same bytes, and so the same digest. Throws a RangeError for
 * what has no such text: numbers that are not finite, and halves of surrogate pairs (3.2.2.2).
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`${value} cannot stand in a statement`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const object = value as JsonObject;
  return `{${namesOf(object)
    .map((name) => memberOf(name, object[name]!))
    .join(',')}}`;
}

/**
 * The same text in pieces, of an object that holds so much that it is not made at once: each member of `several` is a list whose
 * elements are made as they are asked for.
 */
export async function* canonicalPieces(
  object: JsonObject,
  several: Readonly<Record<string, AsyncIterable<Json>>>,
): AsyncGenerator<string> {
  let before = '{';
  for (const name of [...namesOf(object), ...Object.keys(several)].sort()) {
    yield before;
    before = ',';
    if (!Object.hasOwn(several, name)) {
      yield memberOf(name, object[name]!);
      continue;
    }
    yield `${textOf(name)}:[`;
    let between = '';
    for await (const element of several[name]!) {
      yield between + canonicalJson(element);
      between = ',';
    }
    yield ']';
  }
  yield before === '{' ? '{}' : '}';
}

/** `sort` without an order of its own goes by UTF-16 code units, which is what 3.2.3 asks for. */
function namesOf(object: JsonObject): string[] {
  return Object.keys(object)
    .filter((name) => object[name] !== undefined)
    .sort();
}

function memberOf(name: string, value: Json): string {
  return `${textOf(name)}:${canonicalJson(value)}`;
}

function textOf(text: string): string {
  if (!text.isWellFormed()) throw new RangeError('half a surrogate pair cannot stand in a statement');
  return JSON.stringify(text);
}
