import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { BrokerConfig } from '../broker/config.ts';
import { GatewayConfig } from '../gateway/config.ts';
import { IngestConfig } from '../ingest/config.ts';
import { MeshFile } from '../ingest/mesh/mesh-file.ts';
import { SluiceConfig } from './config.ts';

interface Schema {
  readonly description?: string;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

const branches = ({ anyOf = [], oneOf = [], items, patternProperties = {} }: Schema) => [
  ...anyOf,
  ...oneOf,
  ...(items ? [items] : []),
  ...Object.values(patternProperties),
];

/** Whether what it means stands at the keys in it. */
const isGroup = (schema: Schema): boolean =>
  schema.properties !== undefined || branches(schema).some(isGroup);

const isDescribed = (schema: Schema) =>
  schema.const !== undefined ||
  [schema, ...(schema.anyOf ?? [])].some(({ description }) => description !== undefined);

/** Every key below, with its path; a key that says nothing of itself begins with `?`. */
function keysOf(schema: Schema, path: string): readonly string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
    const key = `${path}.${name}`;
    return [`${isGroup(value) || isDescribed(value) ? '' : '?'}${key}`, ...keysOf(value, key)];
  });
  return [...own, ...branches(schema).flatMap((branch) => keysOf(branch, path))];
}

test('every key of every settings file says what it is for', async () => {
  const drivers = globSync('gateway/drivers/*/config.ts').map((file) => import(resolve(file)));
  const schemas = { IngestConfig, BrokerConfig, GatewayConfig, MeshFile, SluiceConfig };
  const all = Object.entries(Object.assign({}, schemas, ...(await Promise.all(drivers))));
  const keys = all.flatMap(([name, schema]) => keysOf(schema as Schema, name));
  expect(keys.length).toBeGreaterThan(600);
  expect(keys.filter((key) => key.startsWith('?'))).toEqual([]);
});
