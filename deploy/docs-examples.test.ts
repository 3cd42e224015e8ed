import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { BrokerConfig } from '../broker/config.ts';
import { Users } from '../broker/users.ts';
import { systemClock } from '../core/clock.ts';
import { parseConfig } from '../core/config.ts';
import { createLog } from '../core/log.ts';
import { hashPassword } from '../core/passwords/password-hash.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { GatewayConfig } from '../gateway/config.ts';
import { loadModbusProfile } from '../gateway/drivers/modbus/profile.ts';
import { createGateway } from '../gateway/service.ts';
import { IngestConfig } from '../ingest/config.ts';
import { expandMesh } from '../ingest/mesh/expand-mesh.ts';
import { MeshFile } from '../ingest/mesh/mesh-file.ts';
import { SluiceConfig } from './config.ts';

/** Whoever copies an example out of the documentation must not be told that it is wrong. */
const PAGES = globSync('{README*,docs/**/*,gateway/**/README,firmware-sim/**/README}.md', {
  exclude: (name) => name.includes('node_modules'),
});
const GATEWAY = { site: 'my-farm', gateway: 'pump-house', broker: { url: 'mqtt://127.0.0.1:1883' } };

// biome-ignore lint/suspicious/noExplicitAny: an example may be anything
type Example = any;

function examplesOf(page: string): string[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms);
  return [...blocks].flatMap(([, text = '']) => {
    const lines = text.trimEnd().split('\n');
    // One line for each version of a store: alternatives, not one file.
    return lines.every((line) => line.startsWith('store:')) ? lines : [text];
  });
}

/** All that `--check` does, with the files there that the example names. */
function checkGateway(config: object): void {
  const configFolder = temporaryFolder();
  const text = stringify({ ...GATEWAY, drivers: [{ driver: 'system' }], ...config });
  for (const [, profile = ''] of text.matchAll(/profile: (\S+\.yaml)/g)) {
    mkdirSync(dirname(join(configFolder, profile)), { recursive: true });
    copyFileSync('gateway/profiles/soil-7in1.yaml', join(configFolder, profile));
  }
  for (const [, secret = ''] of text.matchAll(/passwordFile: (\S+)/g)) {
    writeFileSync(join(configFolder, secret), 'x', { mode: 0o600 });
  }
  createGateway(parseConfig(GatewayConfig, text, 'gateway.yaml'), {
    clock: systemClock,
    log: createLog('silent'),
    dataFolder: join(configFolder, 'data'),
    configFolder,
    states: () => new Map(),
    announce: () => {},
  });
}

function checkProfile(metrics: readonly object[]): void {
  const folder = temporaryFolder();
  const title = { en: 'Own', zh: '自有' };
  const profile = { protocol: 'modbus', title, groups: { readings: { everyMs: 1_000 } }, metrics };
  writeFileSync(join(folder, 'own.yaml'), stringify(profile));
  loadModbusProfile('own.yaml', folder);
}

async function checkUsers(users: readonly object[]): Promise<void> {
  const file = join(temporaryFolder(), 'users.yaml');
  const passwordHash = await hashPassword(Buffer.from('x'));
  writeFileSync(file, stringify({ users: users.map((user) => ({ ...user, passwordHash })) }));
  Users.load(file);
}

/** By what is in it, whose settings it is a part of. */
async function check(example: Example): Promise<void> {
  if (Array.isArray(example)) {
    if (example[0].driver) return checkGateway({ drivers: example });
    if (example[0].quantity) return checkProfile(example);
    return checkUsers(example);
  }
  const text = stringify(example);
  if (example.users) return checkUsers(example.users);
  if (example.pops) return void expandMesh(parseConfig(MeshFile, text, 'mesh.yaml'));
  if (example.listeners) return void parseConfig(BrokerConfig, text, 'broker.yaml');
  if (typeof example.ingest === 'string') return void parseConfig(SluiceConfig, text, 'sluice.yaml');
  if (example.store || example.notify || example.http || example.broker?.username === 'ingest') {
    return void parseConfig(IngestConfig, text, 'ingest.yaml');
  }
  return checkGateway(example);
}

describe.each(PAGES.filter((page) => examplesOf(page).length > 0))('%s', (page) => {
  test.each(examplesOf(page).map((text, index) => [index + 1, text]))(
    'example %d is valid',
    async (_, text) => {
      await expect(check(parse(String(text)))).resolves.toBeUndefined();
    },
  );
});

const SAMPLES = globSync('gateway/**/sample.yaml', { exclude: (name) => name.includes('node_modules') });

describe('samples', () => {
  test.each(SAMPLES)('%s is valid', (file) => checkGateway(parse(readFileSync(file, 'utf8'))));
});

test('each driver has its settings described, in a README, and in a sample', () => {
  const folders = globSync('gateway/drivers/*/config.ts').map((file) => dirname(file));
  expect(folders.length).toBeGreaterThanOrEqual(4);
  for (const folder of folders) {
    expect(SAMPLES).toContain(`${folder}/sample.yaml`);
    expect(PAGES).toContain(`${folder}/README.md`);
  }
});

test('the pages with examples are found, and both languages have the same ones', () => {
  const values = (page: string) => examplesOf(page).map((text) => parse(text));
  const translated = PAGES.filter((page) => page.endsWith('.zh-CN.md'));
  expect(translated.length).toBeGreaterThan(4);
  for (const page of translated) expect(values(page)).toEqual(values(page.replace('.zh-CN', '')));
});

test('whoever copies a request out of a page is not told to sign in first', () => {
  const requests = PAGES.flatMap((page) =>
    readFileSync(page, 'utf8')
      .split('\n')
      .filter((line) => /^ *curl .*\/api\/v1\//.test(line))
      .map((line) => `${page}: ${line.trim()}`),
  );
  expect(requests.length).toBeGreaterThan(20);
  expect(requests.filter((line) => !/-H @token|authorization: Bearer/.test(line))).toEqual([]);
});
