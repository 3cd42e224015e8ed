import { SluiceError } from './errors.ts';

/**
 * Names of sites, gateways, devices, points, zones and links. No dot, slash, space, `+` or `#`: an id stands
 * in MQTT topics, and some brokers rewrite a dot inside a topic level into a slash.
 */
export const ID_PATTERN = '^[A-Za-z0-9_-]{1,64}$';

const idExpression = new RegExp(ID_PATTERN);

export function isId(value: string): boolean {
  return idExpression.test(value);
}

/** Returns `value`, or throws `ID_INVALID` that names what kind of id it was. */
export function assertId(kind: string, value: string): string {
  if (!isId(value)) throw new SluiceError('ID_INVALID', { kind, value });
  return value;
}
