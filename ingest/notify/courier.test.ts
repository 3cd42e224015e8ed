import { expect, it, onTestFinished, vi } from 'vitest';
import type { WayKind } from '../../core/alerts/contact.ts';
import { checkConfig } from '../../core/config.ts';
import { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { FakeClock, settle } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestConfig } from '../config.ts';
import { NotifyDesk } from './notify-desk.ts';
import { NotifyFile } from './notify-file.ts';
import { toOf } from './plan-state.ts';
import { contactWish, gatewayAlert } from './testing/alerts.ts';
import type { Way } from './ways/way.ts';

const OLD = { kind: 'sms', to: '+8613800000000' } as const;
const NEW = { kind: 'sms', to: '+8613900000000' } as const;

/** A desk on a folder, which may be opened again; `send` is what one way does. */
function desk(folder: string, clock: FakeClock, kind: WayKind, way: Partial<Way>) {
  const event = gatewayAlert('pump');
  const alerts = { open: () => [event], peek: () => event, get: () => event };
  return new NotifyDesk(checkConfig(IngestConfig, {}).notify, {
    ...{ folder, clock, log: createLog('silent'), audit: { record: () => {} } },
    alerts: { ...alerts, acknowledge: () => event, note: () => {} },
    ways: new Map([[kind, { atOnce: 4, send: async () => {}, ...way }]]),
  });
}

it('stops though the other end never answers, and notes what gets there while it says farewell', async () => {
  const clock = new FakeClock();
  const folder = temporaryFolder();
  const answers = new Map<string, () => void>();
  const send: Way['send'] = ({ delivery }) =>
    new Promise((done) => void answers.set(toOf(delivery.way), done));
  const one = desk(folder, clock, 'mail', { send });
  await one.start();
  for (const to of ['quick@farm.example', 'never@farm.example'])
    one.addContact(contactWish({ ways: [{ kind: 'mail', to }] }), 'admin');
  const stopped = one.stop();
  await settle();
  answers.get('quick@farm.example')!();
  await clock.advance(1_000);
  await stopped;
  const again = desk(folder, clock, 'mail', { send });
  await again.start();
  expect(
    again
      .deliveries({ limit: 9 })
      .map(({ way, state, tries }) => [toOf(way), state, tries])
      .sort(),
  ).toEqual([
    ['never@farm.example', 'waiting', 0],
    ['quick@farm.example', 'sent', 1],
  ]);
  const ended = again.stop();
  await clock.advance(1_000);
  await ended;
});

it('moves what waits to another address in the commit that the contact is changed in', async () => {
  const clock = new FakeClock();
  const folder = temporaryFolder();
  const heard: string[] = [];
  let isDead = true;
  const way: Partial<Way> = {
    async send({ delivery }) {
      if (isDead) throw new SluiceError('DELIVERY_FAILED', { way: 'sms', to: 'x', reason: 'no' });
      heard.push(`${delivery.id} ${toOf(delivery.way)}`);
    },
  };
  const first = desk(folder, clock, 'sms', way);
  await first.start();
  const li = first.addContact(contactWish({ ways: [OLD] }), 'admin');
  await clock.advance(60_000);
  const [waiting] = first.deliveries({ limit: 9 });
  first.changeContact(li.id, contactWish({ ways: [NEW] }), 1, 'admin');
  await first.stop();
  isDead = false;
  const now = new FakeClock(clock.nowMs());
  const second = desk(folder, now, 'sms', way);
  await second.start();
  onTestFinished(() => second.stop());
  await now.advance(10_000);
  expect(heard).toEqual([`${waiting!.id} ${NEW.to}`]);
  expect(second.deliveries({ limit: 9 })).toMatchObject([{ state: 'sent', way: NEW }]);
});

it('notes in one commit what many others have answered at once', async () => {
  const clock = new FakeClock();
  const save = vi.spyOn(NotifyFile.prototype, 'save');
  const answers: (() => void)[] = [];
  const send: Way['send'] = () => new Promise((done) => void answers.push(done));
  const one = desk(temporaryFolder(), clock, 'mail', { send });
  await one.start();
  onTestFinished(() => one.stop());
  for (const to of ['a@b.example', 'b@b.example', 'c@b.example', 'd@b.example'])
    one.addContact(contactWish({ ways: [{ kind: 'mail', to }] }), 'admin');
  expect(answers).toHaveLength(4);
  save.mockClear();
  for (const answer of answers) answer();
  await settle();
  expect(save).toHaveBeenCalledTimes(1);
  expect(one.status()).toMatchObject({ waiting: 0, sent: 4 });
});

it('tries at once what waits for a broker that is back', async () => {
  const clock = new FakeClock();
  let isConnected = false;
  const tries: number[] = [];
  const way: Partial<Way> = {
    isConnected: () => isConnected,
    async send() {
      tries.push(clock.nowMs());
      if (!isConnected) throw new SluiceError('BROKER_UNAVAILABLE', { url: 'mqtt://b', reason: 'no' });
    },
  };
  const one = desk(temporaryFolder(), clock, 'mqtt', way);
  await one.start();
  onTestFinished(() => one.stop());
  one.addContact(contactWish({ ways: [{ kind: 'mqtt' }] }), 'admin');
  await clock.advance(3_600_000);
  expect(tries, 'nothing is tried without one').toEqual([]);
  isConnected = true;
  await clock.advance(1_000);
  expect(tries).toHaveLength(1);
  expect(one.status()).toMatchObject({ waiting: 0, sent: 1 });
});
