import type { Json, JsonObject } from './canonical-json.ts';

/** A figure that is not what its evidence gives. `undefined`: it is not there. */
export interface Difference {
  /** Such as `figures.days[3].p95`. */
  readonly path: string;
  readonly stated: Json | undefined;
  readonly made: Json | undefined;
}

/** Logarithms and powers may differ in their last bit between versions of a runtime; no figure of ours needs more. */
const RELATIVE_ERROR = 1e-9;

/** Every place at which `stated` is not `made`, in order of `made`. */
export function differences(stated: Json | undefined, made: Json | undefined, path: string): Difference[] {
  if (isList(stated) && isList(made)) {
    const length = Math.max(stated.length, made.length);
    return Array.from({ length }, (_, at) => differences(stated[at], made[at], `${path}[${at}]`)).flat();
  }
  if (isObject(stated) && isObject(made)) {
    const names = new Set([...Object.keys(made), ...Object.keys(stated)]);
    return [...names].flatMap((name) => differences(own(stated, name), own(made, name), `${path}.${name}`));
  }
  return isSame(stated, made) ? [] : [{ path, stated, made }];
}

function isSame(stated: Json | undefined, made: Json | undefined): boolean {
  if (typeof stated !== 'number' || typeof made !== 'number') return stated === made;
  if (Number.isInteger(stated) && Number.isInteger(made)) return stated === made;
  return Math.abs(stated - made) <= RELATIVE_ERROR * Math.max(Math.abs(stated), Math.abs(made));
}

/** What a file says may be named like what every object has. */
function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
