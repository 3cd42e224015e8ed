import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { SluiceError } from '../../core/errors.ts';
import type { GatewayEvent } from '../../core/gateway-event.ts';
import type { Log } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock, settle } from '../../core/testing/fake-clock.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { GatewayConfig } from '../config.ts';
import { loadModbusProfile } from '../drivers/modbus/profile.ts';
import { ManagedGateway, type RunningGateway } from './managed-gateway.ts';

type CareAnswer = Extract<GatewayEvent, { kind: 'care' }>;

const settings = (more: object = {}) => ({
  site: 'farm',
  gateway: 'shed',
  broker: { url: 'mqtt://127.0.0.1:1883', passwordFile: 'secret' },
  drivers: [
    {
      driver: 'modbus-rtu',
      id: 'field',
      port: '/dev/ttyS0',
      devices: [{ id: 'pond', unit: 1, profile: 'pond.yaml' }],
    },
  ],
  ...more,
});
const PROFILE = `protocol: modbus
title: { en: Pond probe, zh: 水质探头 }
groups: { readings: { everyMs: 1000 } }
metrics: [{ quantity: water/ph, read: { table: holding, address: 0, scale: 0.1 } }]
`;

/** Gateways that do nothing: those whose broker has port 6666 never come online. */
function setUp(folder = temporaryFolder(), base: object = settings()) {
  writeFileSync(join(folder, 'pond.yaml'), PROFILE);
  const clock = new FakeClock();
  const life: string[] = [];
  const events: GatewayEvent[] = [];
  const readPasswordsFrom: (string | undefined)[] = [];
  const desk = { ask: (_text: string) => {} };
  const logs: Log[] = [];
  /** So many starts, and stops, to come fail. */
  const fail = { starts: 0, stops: 0 };
  const create: ConstructorParameters<typeof ManagedGateway>[2] = (config, { configFolder, log }, onCare) => {
    logs.push(log);
    for (const { devices } of config.drivers as { devices: { profile: string }[] }[]) {
      for (const { profile } of devices) loadModbusProfile(profile, configFolder);
    }
    const { url, passwordFile } = config.broker;
    const isGood = !url.endsWith(':6666');
    const running: RunningGateway = {
      name: 'running',
      devices: ['pond'],
      async start() {
        if (fail.starts > 0) {
          fail.starts--;
          life.push(`failed ${url.split(':').at(-1)}`);
          throw new SluiceError('SERIAL_UNAVAILABLE', { port: 'x', reason: 'y' });
        }
        life.push(`start ${url.split(':').at(-1)}`);
        readPasswordsFrom.push(passwordFile);
        desk.ask = onCare;
      },
      async stop() {
        if (fail.stops > 0) {
          fail.stops--;
          throw new Error('it hangs');
        }
        life.push(`stop ${url.split(':').at(-1)}`);
      },
      emit: (event) => events.push(event),
      condition: () => ({ isOnline: isGood, devicesUp: isGood ? ['pond'] : [] }),
      probe: async (device) => ({ lines: [`asked ${device}`] }),
    };
    return running;
  };
  const context = serviceContext({ clock, dataFolder: folder, configFolder: folder });
  const gateway = new ManagedGateway(checkConfig(GatewayConfig, structuredClone(base)), context, create);
  onTestFinished(() => gateway.stop());
  const answers = () => events.filter((event) => event.kind === 'care');
  let asked = 0;
  const ask = async (request: object): Promise<CareAnswer> => {
    const id = `r${++asked}-${clock.nowMs()}-${folder.slice(-6)}`;
    desk.ask(JSON.stringify({ id, issuer: 'li', expiresAtMs: clock.nowMs() + 30_000, ...request }));
    const wanted = 'id' in request ? request.id : id;
    await eventually(async () => {
      await settle();
      return answers().some((answer) => answer.request === wanted);
    });
    return answers().find((answer) => answer.request === wanted)!;
  };
  return {
    folder,
    clock,
    gateway,
    level: () => logs.at(-1)!.level,
    life,
    events,
    answers,
    ask,
    desk,
    readPasswordsFrom,
    fail,
  };
}

async function started(...given: Parameters<typeof setUp>) {
  const all = setUp(...given);
  await all.gateway.start(new AbortController().signal);
  return all;
}

const yaml = (port: number, more: object = {}) =>
  JSON.stringify(settings({ broker: { url: `mqtt://127.0.0.1:${port}`, passwordFile: 'secret' }, ...more }));

test('settings are read with their defaults and profiles, and nothing secret', async () => {
  const { ask } = await started();
  const { isDone, result } = await ask({ action: 'read-config' });
  expect(isDone).toBe(true);
  expect(result).toMatchObject({ version: 0, profiles: { 'pond.yaml': PROFILE } });
  expect((result as { config: string }).config).toMatch(/baud: 9600/);
});

test('settings that come up stay, also over a restart of the process, with profiles that were not sent along', async () => {
  const { folder, gateway, life, ask, readPasswordsFrom } = await started();
  expect(await ask({ action: 'apply-config', config: yaml(1884) })).toMatchObject({
    isDone: true,
    issuer: 'li',
    result: { version: 1 },
  });
  expect(life).toEqual(['start 1883', 'stop 1883', 'start 1884']);
  expect(readPasswordsFrom.at(-1)).toBe(join(folder, 'secret'));
  await gateway.stop();
  const again = await started(folder);
  expect(again.life).toEqual(['start 1884']);
  expect(again.events).toEqual([]);
});

test('settings that do not come up are rolled back by themselves, and the answer says why in both languages', async () => {
  const { folder, gateway, clock, life, ask, answers } = await started();
  const asked = ask({ action: 'apply-config', config: yaml(6666) });
  await eventually(() => life.includes('start 6666'));
  await clock.advance(30_000);
  expect(answers()).toEqual([]);
  await clock.advance(31_000);
  const answer = await asked;
  expect(answer).toMatchObject({ isDone: false, reason: { code: 'CARE_TRIAL_FAILED' } });
  expect(answer.reason!.en).toMatch(/60 s .* did not reach the broker/);
  expect(answer.reason!.zh).toMatch(/已回滚：未能连接到代理/);
  expect(life.slice(-2)).toEqual(['stop 6666', 'start 1883']);
  await gateway.stop();
  expect((await started(folder)).life).toEqual(['start 1883']);
});

test('what cuts a trial short makes it a failed one, told once, by the next run', async () => {
  const { folder, life, gateway, desk, clock, answers } = await started();
  const request = { id: 'cut', issuer: 'li', expiresAtMs: clock.nowMs() + 1, action: 'apply-config' };
  desk.ask(JSON.stringify({ ...request, config: yaml(6666) }));
  await eventually(() => life.includes('start 6666'));
  await gateway.stop();
  expect(answers()).toEqual([]);
  const again = await started(folder);
  expect(again.life).toEqual(['start 1883']);
  expect(again.events).toMatchObject([
    { kind: 'condition', condition: 'config-rolled-back' },
    {
      kind: 'care',
      request: 'cut',
      action: 'apply-config',
      issuer: 'li',
      isDone: false,
      reason: { code: 'CARE_TRIAL_FAILED' },
    },
  ]);
});

test('what is wrong is named with its line, and nothing is stopped for it', async () => {
  const { ask, life } = await started();
  const wrong = await ask({ action: 'check-config', config: 'site: farm\ngateway: shed\nbrokr: {}\n' });
  expect(wrong.reason).toMatchObject({ code: 'CONFIG_INVALID' });
  expect(wrong.reason!.en).toMatch(/gateway\.yaml:3: brokr: unknown key; did you mean "broker"/);
  const profiles = { 'pond.yaml': PROFILE.replace('water/ph', 'water/pH') };
  const badProfile = await ask({ action: 'apply-config', config: yaml(1884), profiles });
  expect(badProfile.reason!.en).toMatch(/pond\.yaml:4: .*"water\/pH" is not in the catalogue/);
  const other = await ask({ action: 'apply-config', config: yaml(1884, { gateway: 'barn' }) });
  expect(other.reason).toMatchObject({ code: 'CARE_IDENTITY_FIXED' });
  expect(await ask({ action: 'check-config', config: yaml(1884) })).toMatchObject({ isDone: true });
  expect(life).toEqual(['start 1883']);
});

test('rolling back leads to what ran before, and then says that there is nothing more', async () => {
  const { ask, life } = await started();
  await ask({ action: 'apply-config', config: yaml(1884) });
  expect(await ask({ action: 'roll-back' })).toMatchObject({ isDone: true, result: { version: 0 } });
  expect(life.at(-1)).toBe('start 1883');
  expect(await ask({ action: 'roll-back' })).toMatchObject({
    isDone: false,
    reason: { code: 'CARE_NOTHING_TO_ROLL_BACK' },
  });
});

test('a request acts once however often it comes, and not at all once it has expired', async () => {
  const { ask, life, answers, desk, clock } = await started();
  await ask({ action: 'restart', id: 'once' });
  desk.ask(JSON.stringify({ id: 'once', issuer: 'li', expiresAtMs: clock.nowMs() + 9, action: 'restart' }));
  const late = await ask({ action: 'restart', expiresAtMs: clock.nowMs() - 1 });
  expect(late).toMatchObject({ isDone: false, reason: { code: 'CARE_EXPIRED' } });
  expect(life).toEqual(['start 1883', 'stop 1883', 'start 1883']);
  expect(answers()).toHaveLength(2);
});

test('whoever locks the door at the gateway is obeyed: reading and probing go on, changing does not', async () => {
  const { ask, life } = await started(temporaryFolder(), settings({ care: { remote: false } }));
  for (const request of [
    { action: 'apply-config', config: yaml(1884) },
    { action: 'restart' },
    { action: 'roll-back' },
  ]) {
    expect(await ask(request)).toMatchObject({ isDone: false, reason: { code: 'CARE_DISABLED' } });
  }
  expect(await ask({ action: 'probe', device: 'pond' })).toMatchObject({
    isDone: true,
    result: { lines: ['asked pond'] },
  });
  expect(await ask({ action: 'probe', device: 'lake' })).toMatchObject({
    isDone: false,
    reason: { code: 'CARE_DEVICE_UNKNOWN' },
  });
  expect(life).toEqual(['start 1883']);
});

test('what cannot be read is passed over, and a folder that cannot be written refuses', async () => {
  const { desk, answers, folder, ask } = await started();
  for (const text of [
    '',
    'null',
    '{"action":"explode"}',
    `{"id":"x","issuer":"y","expiresAtMs":1,"action":"probe"}`,
  ]) {
    desk.ask(text);
  }
  expect(answers()).toEqual([]);
  expect(readFileSync(join(folder, 'pond.yaml'), 'utf8')).toBe(PROFILE);
  writeFileSync(join(folder, 'gateway', 'farm.shed', 'care'), 'in the way');
  expect(await ask({ action: 'read-config' })).toMatchObject({
    isDone: false,
    reason: { code: 'DATA_FOLDER_UNUSABLE' },
  });
});

test('a level of the log goes back by itself, to that from before the first of several', async () => {
  const { ask, clock, level } = await started();
  expect(await ask({ action: 'set-log-level', level: 'debug', forS: 60 })).toMatchObject({ isDone: true });
  await clock.advance(59_000);
  expect(level()).toBe('debug');
  expect(await ask({ action: 'set-log-level', level: 'info', forS: 60 })).toMatchObject({ isDone: true });
  await clock.advance(59_000);
  expect(level()).toBe('info');
  await clock.advance(1_000);
  expect(level()).toBe('silent');
});

test('what ran before is started as often as it takes', async () => {
  const { ask, life, fail, clock } = await started();
  const asked = ask({ action: 'apply-config', config: yaml(6666) });
  await eventually(() => life.includes('start 6666'));
  fail.starts = 2;
  await eventually(async () => {
    await clock.advance(1_000);
    return life.filter((one) => one === 'start 1883').length > 1;
  });
  expect(await asked).toMatchObject({ isDone: false, reason: { code: 'CARE_TRIAL_FAILED' } });
  expect(life.filter((one) => one.startsWith('failed'))).toEqual(['failed 1883', 'failed 1883']);
});

test('new settings that throw when they start are rolled back at once, and one that does not stop keeps nobody', async () => {
  const { ask, life, fail } = await started();
  fail.starts = 1;
  fail.stops = 1;
  const answer = await ask({ action: 'apply-config', config: yaml(1884) });
  expect(answer).toMatchObject({ isDone: false, reason: { code: 'CARE_TRIAL_FAILED' } });
  expect(answer.reason!.zh).toMatch(/串口/);
  expect(life).toEqual(['start 1883', 'failed 1884', 'stop 1884', 'start 1883']);
});

test('profiles in subfolders come along, and those elsewhere stay where they are', async () => {
  const outer = temporaryFolder();
  const folder = join(outer, 'settings');
  mkdirSync(join(folder, 'profiles'), { recursive: true });
  writeFileSync(join(folder, 'profiles', 'lake.yaml'), PROFILE);
  writeFileSync(join(outer, 'river.yaml'), PROFILE);
  const { ask } = await started(folder);
  const drivers = [
    {
      ...settings().drivers[0],
      devices: [
        { id: 'pond', unit: 1, profile: 'profiles/lake.yaml' },
        { id: 'river', unit: 2, profile: '../river.yaml' },
      ],
    },
  ];
  for (const port of [1884, 1885]) {
    expect(await ask({ action: 'apply-config', config: yaml(port, { drivers }) })).toMatchObject({
      isDone: true,
    });
  }
  const { result } = await ask({ action: 'read-config' });
  expect(result).toMatchObject({ version: 2, profiles: { 'profiles/lake.yaml': PROFILE } });
  const { config, profiles } = result as { config: string; profiles: Record<string, string> };
  expect(await ask({ action: 'apply-config', config, profiles })).toMatchObject({ isDone: true });
});

test('what the file at the gateway says about care holds: nobody locks himself out from afar', async () => {
  const { ask } = await started();
  const locked = yaml(1884, { care: { remote: false } });
  expect(await ask({ action: 'apply-config', config: locked })).toMatchObject({ isDone: true });
  const { result } = await ask({ action: 'read-config' });
  expect((result as { config: string }).config).toMatch(/remote: true/);
  expect(await ask({ action: 'roll-back' })).toMatchObject({ isDone: true });
});

test('accepted settings run also where the data folder cannot be written any more', async () => {
  const { folder, gateway, ask } = await started();
  await ask({ action: 'apply-config', config: yaml(1884) });
  await gateway.stop();
  // The lock is a file that cannot be made.
  rmSync(join(folder, 'gateway', 'farm.shed', 'lock.sqlite'));
  mkdirSync(join(folder, 'gateway', 'farm.shed', 'lock.sqlite'));
  expect((await started(folder)).life).toEqual(['start 1884']);
});

test('an answer that is longer than an outbox takes is refused, and ids that differ at their end have their own', async () => {
  const { ask } = await started();
  const profiles = Object.fromEntries(
    ['pond', 'pond2', 'pond3'].map((name) => [`${name}.yaml`, `${PROFILE}#${'x'.repeat(200_000)}\n`]),
  );
  const drivers = ['pond', 'pond2', 'pond3'].map((name, at) => ({
    ...settings().drivers[0],
    id: name,
    devices: [{ id: name, unit: at + 1, profile: `${name}.yaml` }],
  }));
  expect(await ask({ action: 'apply-config', config: yaml(1884, { drivers }), profiles })).toMatchObject({
    isDone: true,
  });
  const long = 'x'.repeat(63);
  const one = await ask({ action: 'read-config', id: `${long}1` });
  const two = await ask({ action: 'read-config', id: `${long}2` });
  expect(one).toMatchObject({ isDone: false, reason: { code: 'CARE_ANSWER_TOO_LONG' } });
  expect(one.id).not.toBe(two.id);
});

test('wrong settings at the gateway itself keep it from being made', () => {
  const drivers = [{ ...settings().drivers[0], devices: [{ id: 'pond', unit: 1, profile: 'no-such' }] }];
  expect(() => setUp(temporaryFolder(), settings({ drivers }))).toThrow(SluiceError);
});
