import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { getJson } from '../../core/testing/get-json.ts';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import {
  demoSettings,
  type Farm,
  lastReading,
  type QueryReply,
  run,
  type Settings,
  startFarm,
  startWith,
} from './farm.ts';
import { RunningProcess } from './process.ts';

interface Health {
  readonly status: string;
  readonly components: readonly {
    readonly name: string;
    readonly state: string;
    readonly code?: string;
    readonly message?: string;
  }[];
}

/** Whatever its status: 503 is an answer too. */
async function health(farm: Pick<Farm, 'url'>): Promise<Health> {
  return (await (await fetch(`${farm.url}/api/health`)).json()) as Health;
}

async function squat(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return server;
}

const EXIT_CONFIG = 78;

test.each<[what: string, change: (settings: Settings) => void, words: RegExp]>([
  [
    'an unknown key',
    (settings) => {
      settings.ingest.htpp = { port: 1 };
    },
    /ingest-of-sluice\.yaml:\d+: htpp: unknown key; did you mean "http"\?/,
  ],
  [
    'a wrong type',
    (settings) => {
      settings.gateway.drivers[0].baud = 'fast';
    },
    /gateway-of-sluice\.yaml:\d+: drivers\[0\]\.baud: must be a whole number, and is "fast"/,
  ],
  [
    'a missing port',
    (settings) => {
      delete settings.gateway.drivers[0].port;
    },
    /gateway-of-sluice\.yaml:\d+: drivers\[0\]\.port: missing; it must be set/,
  ],
  [
    'an id that no topic can hold',
    (settings) => {
      settings.gateway.site = 'my.farm';
    },
    /gateway-of-sluice\.yaml:\d+: site: "my\.farm" is not valid: use 1 to 64/,
  ],
  [
    'a profile that does not exist',
    (settings) => {
      settings.gateway.drivers[0].devices[0].profile = 'soil-moisture';
    },
    /soil-moisture/,
  ],
  [
    'a file that is not YAML',
    (settings) => {
      settings.broker = 'listeners: [';
    },
    /broker-of-sluice\.yaml:\d+: not valid YAML/,
  ],
  [
    'an open address without users',
    (settings) => {
      settings.broker.listeners[0].host = '0.0.0.0';
    },
    /listen on 0\.0\.0\.0:\d+, which other machines can reach, without credentials\. Set broker\.usersFile/,
  ],
])('%s is refused at once, with its place and what would be right', async (_what, change, words) => {
  const { settings, folder } = await demoSettings();
  change(settings);
  const process = run(settings, folder);
  expect(await process.exited()).toBe(EXIT_CONFIG);
  expect(process.output).toMatch(words);
  expect(process.output).not.toMatch(/\n\s+at /);
});

test('a misspelled option is refused with the ones there are', async () => {
  const process = new RunningProcess('deploy/start.ts', ['--confg', 'x.yaml']);
  expect(await process.exited()).toBe(EXIT_CONFIG);
  expect(process.output).toMatch(/--confg.*Options: --config FILE, --data FOLDER/s);
});

test('a data folder that cannot be written is named; MQTT and the page work; mended, all goes on', async () => {
  const { settings, folder, mqttPort } = await demoSettings();
  writeFileSync(join(folder, 'data'), 'a file where the folder should be');
  const farm = await startWith(settings, folder, mqttPort);
  expect(farm.process.output).toMatch(
    /cannot write in the data folder \S+\/data\/\S+: .* or choose another folder with --data/,
  );
  const { components } = await health(farm);
  expect(components.find(({ name }) => name === 'store')?.code).toBe('DATA_FOLDER_UNUSABLE');
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`);
  await client.endAsync();
  rmSync(join(folder, 'data'));
  await lastReading(farm, 'measurement=soil&field=moisture', undefined, 40_000);
  await eventually(async () => (await health(farm)).status === 'up');
});

test('a second Sluice on the same data folder leaves the first alone and says who has it', async () => {
  const { settings, folder, mqttPort } = await demoSettings();
  const farm = await startWith(settings, folder, mqttPort);
  const first = await lastReading(farm, 'measurement=irrigation&field=flow');
  const other = await demoSettings();
  const second = run(other.settings, folder, 'other.yaml');
  const inUse = `in use by process ${farm.process.child.pid}`;
  await second.prints(new RegExp(`(${inUse}[\\s\\S]*){3}`));
  expect(await second.signal('SIGTERM')).toBe(0);
  await lastReading(
    farm,
    'measurement=irrigation&field=flow',
    ({ timeMs, stale }) => timeMs > first.timeMs + 3_000 && !stale,
  );
  expect((await health(farm)).status).toBe('up');
});

test('a taken MQTT port is named, the page works, and readings come when the port is free', async () => {
  const { settings, folder, mqttPort } = await demoSettings();
  const squatter = await squat(mqttPort);
  const farm = await startWith(settings, folder, mqttPort);
  await eventually(async () => {
    const { components } = await health(farm);
    return components.find(({ name, code }) => name.startsWith('broker mqtt') && code === 'PORT_TAKEN');
  });
  squatter.close();
  await lastReading(farm, 'measurement=soil&field=moisture', undefined, 30_000);
  await eventually(async () => (await health(farm)).status === 'up');
});

test('a taken HTTP port is named with its setting; readings are stored meanwhile and shown afterwards', async () => {
  const { settings, folder, mqttPort } = await demoSettings();
  const { port } = settings.ingest.http;
  const squatter = await squat(port);
  const process = run(settings, folder);
  await process.prints(new RegExp(`127\\.0\\.0\\.1:${port}: another program uses that port.*http\\.port`));
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`);
  onTestFinished(() => client.endAsync(true));
  await client.subscribeAsync('spBv1.0/demo-farm/DDATA/pump-house/soil-north');
  await new Promise((resolve) => client.once('message', resolve));
  const freedMs = Date.now();
  squatter.close();
  const [, url] = await process.prints(/(http:\/\/\S+)\/\s/);
  const reading = await lastReading({ url: url! }, 'measurement=soil&field=moisture');
  const query = `measurement=soil&field=moisture&device=${reading.tags.device}&from=${freedMs - 60_000}&to=${Date.now()}`;
  const { series } = await getJson<QueryReply>(`${url}/api/v1/query?${query}`);
  expect(series[0]?.timeMs[0]).toBeLessThan(freedMs);
});

test('a serial port that is missing is named; it is used when it appears, lost and found again', async () => {
  const { settings, folder, mqttPort } = await demoSettings();
  const { simulator } = settings;
  delete settings.simulator;
  const farm = await startWith(settings, folder, mqttPort);
  await farm.process.prints(/serial port \S+sim\/field-bus cannot be opened.*Check the cable/);
  const alone = join(folder, 'simulator.yaml');
  writeFileSync(alone, JSON.stringify(simulator));
  const plugIn = () =>
    new RunningProcess('firmware-sim/main.ts', ['--config', alone, '--data', farm.dataFolder]);
  const adapter = plugIn();
  const first = await lastReading(farm, 'measurement=soil&field=moisture');
  await adapter.signal('SIGKILL');
  // As with an adapter that is pulled out, its name goes too; the system may give the terminal's number to others.
  rmSync(join(farm.dataFolder, 'sim/field-bus'));
  await farm.process.prints(/serial port \S+sim\/field-bus (went away|cannot be opened)/);
  await lastReading(farm, 'measurement=soil&field=moisture', ({ stale }) => stale);
  const { status, components } = await health(farm);
  expect(status).toBe('degraded');
  expect(components.find(({ name }) => name === 'gateway pump-house')?.code).toMatch(/^SERIAL_/);
  plugIn();
  await lastReading(
    farm,
    'measurement=soil&field=moisture',
    ({ stale, timeMs }) => !stale && timeMs > first.timeMs,
    40_000,
  );
});

test('garbage on the topics changes nothing for the gateways beside it', async () => {
  const farm = await startFarm();
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${farm.mqttPort}`);
  onTestFinished(() => client.endAsync(true));
  const first = await lastReading(farm, 'measurement=irrigation&field=flow');
  for (let n = 0; n < 100; n++) {
    client.publish('spBv1.0/demo-farm/DDATA/pump-house/flow-main', Buffer.from('not protobuf'));
    client.publish('spBv1.0/demo-farm/NBIRTH/pump.house', Buffer.from([0xff]));
    client.publish('spBv1.0/STATE/sluice', '{');
  }
  await lastReading(
    farm,
    'measurement=irrigation&field=flow',
    ({ timeMs, stale }) => timeMs > first.timeMs && !stale,
  );
  expect((await health(farm)).status).toBe('up');
});

describeWith('influxd')('with InfluxDB as the store', () => {
  test('down at the start, it is named; everything since is stored once it is there', async () => {
    const port = await freePort();
    const startedMs = Date.now();
    const farm = await startFarm((settings) => {
      settings.ingest.store = {
        kind: 'influx',
        version: 1,
        url: `http://127.0.0.1:${port}`,
        database: 'farm',
      };
    });
    const { status, components } = await health(farm);
    expect(status).toBe('down');
    const store = components.find(({ name }) => name === 'store');
    expect(store).toMatchObject({ state: 'down', code: 'STORE_UNAVAILABLE' });
    await eventually(async () => (await gatewayCounts(farm)).received > 10);
    const influxd = await startInfluxd({ port });
    onTestFinished(() => influxd.stop());
    await eventually(async () => (await health(farm)).status === 'up', { withinMs: 60_000 });
    const query = `measurement=irrigation&field=flow&from=${startedMs}&to=${Date.now() + 1000}`;
    await eventually(async () => {
      const { series } = await getJson<QueryReply>(`${farm.url}/api/v1/query?${query}`);
      return (series[0]?.timeMs[0] ?? Number.POSITIVE_INFINITY) < startedMs + 15_000;
    });
    expect((await gatewayCounts(farm)).rejected).toBe(0);
  });
});

interface Counts {
  readonly received: number;
  readonly rejected: number;
}

async function gatewayCounts(farm: Farm): Promise<Counts> {
  const { gateways } = await getJson<{ gateways: Counts[] }>(`${farm.url}/api/v1/gateways`);
  return gateways[0]!;
}
