import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import sparkplug from 'sparkplug-client';
import { expect, onTestFinished, test } from 'vitest';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { startForeignSlave } from '../../gateway/testing/foreign-slave.ts';
import { lastReading, type Settings, startFarm } from './farm.ts';

const run = promisify(execFile);

/** Moisture 23.4 %, temperature −1.0 °C, conductivity 812 µS/cm, as a soil probe keeps them. */
const SOIL_REGISTERS = [234, 0xfff6, 812];

/** The farm without its simulator, its gateway polling one soil probe behind the serial port `port`. */
function pollForeignProbe(settings: Settings, port: string): void {
  delete settings.simulator;
  // The water line of the demo has no valves here.
  delete settings.gateway.irrigation;
  settings.gateway.drivers[0] = {
    ...settings.gateway.drivers[0],
    port,
    devices: [{ id: 'probe', unit: 17, profile: 'soil-moisture-temperature-ec', zone: 'east', everyMs: 200 }],
  };
}

describeWith('python3-pymodbus')('a Modbus slave that nobody here wrote', () => {
  test('is polled, and its registers come out of the API in canonical units', async () => {
    const farm = await startFarm((settings, folder) => pollForeignProbe(settings, join(folder, 'bus')));
    await startForeignSlave(join(farm.dataFolder, '../bus'), 17, { input: SOIL_REGISTERS });
    const soil = { tags: { device: 'probe', zone: 'east' }, quality: 'good', stale: false };
    const expected = [
      ['moisture', 23.4, '%'],
      ['temperature', -1, '°C'],
      ['ec', 812, 'µS/cm'],
    ] as const;
    for (const [field, value, unit] of expected) {
      const reading = await lastReading(farm, `measurement=soil&field=${field}&device=probe`);
      expect(reading).toMatchObject({ ...soil, value, unit });
    }
  });
});

describeWith(
  'python3-pymodbus',
  'influxd',
  'influx',
)('with InfluxDB as the store', () => {
  test('the registers of a foreign slave come out of the influx command line', async () => {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.stop());
    const farm = await startFarm((settings, folder) => {
      pollForeignProbe(settings, join(folder, 'bus'));
      settings.ingest.store = { kind: 'influx', version: 1, url: influxd.url, database: 'farm' };
    });
    await startForeignSlave(join(farm.dataFolder, '../bus'), 17, { input: SOIL_REGISTERS });
    await lastReading(farm, 'measurement=soil&field=moisture&device=probe');
    const query = 'SELECT last(moisture), temperature, ec FROM soil WHERE device = \'probe\' GROUP BY "zone"';
    const where = ['-host', '127.0.0.1', '-port', String(influxd.port), '-database', 'farm'];
    const { stdout } = await run('influx', [...where, '-format', 'csv', '-execute', query]);
    expect(stdout).toMatch(/soil,zone=east,\d+,23\.4,-1,812/);
  });
});

/** Requests for births come after 10 s, 20 s more, 40 s more. */
const WITHIN_MS = 150_000;

test('metrics of a Sparkplug node that nobody here wrote are stored under their names', async () => {
  const farm = await startFarm((settings) => {
    delete settings.simulator;
    delete settings.gateway;
  });
  const node = sparkplug.newClient({
    serverUrl: `mqtt://127.0.0.1:${farm.mqttPort}`,
    username: '',
    password: '',
    groupId: 'coop',
    edgeNode: 'foreign-node',
    clientId: 'foreign-node',
    version: 'spBv1.0',
  });
  onTestFinished(() => {
    node.stop();
  });
  const metrics = (value: number) => [
    { name: 'Chiller Loop/Return temp', value, type: 'Double' as const },
    {
      name: 'soil/moisture',
      value: value / 100,
      type: 'Double' as const,
      properties: { engUnit: { type: 'String' as const, value: 'm³/m³' } },
    },
  ];
  const bear = () => {
    node.publishNodeBirth({ timestamp: Date.now(), metrics: [] });
    node.publishDeviceBirth('chiller', { timestamp: Date.now(), metrics: metrics(20) });
  };
  // At its start, and whenever the host asks, as ingest may connect later than this node: the package itself does only the first.
  node.on('birth', bear);
  node.on('ncmd', bear);
  const publishing = setInterval(
    () => node.publishDeviceData('chiller', { timestamp: Date.now(), metrics: metrics(21.5) }),
    250,
  );
  onTestFinished(() => clearInterval(publishing));
  const ofNode = 'site=coop&gateway=foreign-node&device=chiller';
  // A request for births that finds the node not subscribed yet is lost.
  const foreign = await lastReading(
    farm,
    `measurement=foreign&${ofNode}`,
    ({ value }) => value === 21.5,
    WITHIN_MS,
  );
  expect(foreign.field).toBe('Chiller Loop/Return temp');
  const known = await lastReading(
    farm,
    `measurement=soil&field=moisture&${ofNode}`,
    ({ value }) => value === 21.5,
    WITHIN_MS,
  );
  expect(known.unit).toBe('%');
});

describeWith('mosquitto_sub', 'mosquitto_pub')('seen by mosquitto_sub', () => {
  test('our gateway is born, then sends data, in Sparkplug B', async () => {
    const farm = await startFarm();
    const where = ['-h', '127.0.0.1', '-p', String(farm.mqttPort)];
    const topics = async (filter: string, count: number) => {
      const args = [...where, '-t', filter, '-C', String(count), '-W', '20', '-F', '%t %l'];
      return (await run('mosquitto_sub', args)).stdout.trim().split('\n');
    };
    let isBorn = false;
    const birth = topics('spBv1.0/demo-farm/NBIRTH/pump-house', 1).finally(() => {
      isBorn = true;
    });
    // metrics { name: "Node Control/Rebirth", datatype: Boolean, boolean_value: true }
    const rebirth = '\x12\x1a\x0a\x14Node Control/Rebirth\x20\x0b\x70\x01';
    const command = ['-t', 'spBv1.0/demo-farm/NCMD/pump-house', '-m', rebirth];
    // mosquitto_sub does not say when it has subscribed, so the command is given until its answer is seen: each time to its end, or
    // the farm would stop while one is being given.
    const ask = async () => {
      while (!isBorn) {
        await run('mosquitto_pub', [...where, ...command]);
        await sleep(250);
      }
    };
    const [born] = await Promise.all([birth, ask()]);
    expect(born[0]).toMatch(/^spBv1\.0\/demo-farm\/NBIRTH\/pump-house [1-9]\d*$/);
    const data = await topics('spBv1.0/demo-farm/DDATA/pump-house/flow-main', 1);
    expect(data[0]).toMatch(/^spBv1\.0\/demo-farm\/DDATA\/pump-house\/flow-main [1-9]\d*$/);
  });
});
