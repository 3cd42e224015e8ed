import { expect, it, onTestFinished } from 'vitest';
import type { Identity } from '../../core/access.ts';
import type { WayKind } from '../../core/alerts/contact.ts';
import { checkConfig } from '../../core/config.ts';
import { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { AuditEntry } from '../access/audit.ts';
import type { AlertEvent, TimelineEntry } from '../alerts/alert-event.ts';
import { AlertFile } from '../alerts/alert-file.ts';
import { IngestConfig } from '../config.ts';
import { OPEN } from '../http/identity.ts';
import { NotifyDesk } from './notify-desk.ts';
import { partSeen } from './places-of.ts';
import { contactWish, gatewayAlert } from './testing/alerts.ts';
import type { Way } from './ways/way.ts';

const DAY_MS = 86_400_000;
const ANNA: Identity = { name: 'anna', kind: 'person', role: 'agronomist', sites: ['farm'], links: [] };

async function started(open = [gatewayAlert('pump')]) {
  const clock = new FakeClock();
  const trail: AuditEntry[] = [];
  const noted: string[] = [];
  let events = open;
  const audit = { record: (entry: AuditEntry) => void trail.push(entry) };
  const alerts = {
    open: () => events,
    peek: (id: string) => events.find((one) => one.id === id),
    get: (id: string) => events.find((one) => one.id === id)!,
    note: (about: readonly AlertEvent[], { step, who, note }: Omit<TimelineEntry, 'timeMs'>) =>
      void noted.push(...about.map(({ id }) => `${id} ${step} ${who} ${note}`)),
    acknowledge(id: string, who: string) {
      events = events.map((one) =>
        one.id === id ? { ...one, acknowledged: { who, timeMs: clock.nowMs() } } : one,
      );
      return this.get(id);
    },
  };
  const desk = new NotifyDesk(checkConfig(IngestConfig, {}).notify, {
    folder: temporaryFolder(),
    ...{ clock, log: createLog('silent'), audit, alerts, ways: new Map() },
  });
  await desk.start();
  onTestFinished(() => desk.stop());
  return { desk, clock, trail, noted, end: (id: string) => (events = [gatewayAlert(id, { clearedMs: 5 })]) };
}

it('keeps contacts, their versions, and who changed what', async () => {
  const { desk, trail } = await started();
  const li = desk.addContact(contactWish(), 'admin');
  const later = desk.changeContact(li.id, contactWish({ name: 'Li Lei' }), 1, 'admin');
  expect(later).toMatchObject({ id: li.id, name: 'Li Lei', version: 2 });
  expect(() => desk.changeContact(li.id, contactWish(), 1, 'other')).toThrow(/version 2/);
  expect(desk.contacts()).toEqual([later]);
  desk.dropContact(li.id, 'admin');
  expect(desk.contacts()).toEqual([]);
  expect(trail.map(({ action, who }) => `${action} ${who}`)).toEqual([
    'contact.added admin',
    'contact.changed admin',
    'contact.removed admin',
  ]);
});

it('refuses a time zone that is none, an escalation to nobody, and removing whom another escalates to', async () => {
  const { desk } = await started();
  const quiet = { from: '22:00', to: '06:00', zone: 'Mars/Olympus', exceptCritical: true };
  expect(() => desk.addContact(contactWish({ quiet }), 'a')).toThrow(/time zone/);
  expect(() => desk.addContact(contactWish({ escalateTo: 'x', escalateAfterS: 60 }), 'a')).toThrow(/another/);
  const boss = desk.addContact(contactWish(), 'a');
  desk.addContact(contactWish({ escalateTo: boss.id, escalateAfterS: 60 }), 'a');
  expect(() => desk.dropContact(boss.id, 'a')).toThrow(/escalates/);
});

it('silences for 30 days at most, with who and why, until it is over or ended', async () => {
  const { desk, clock, trail, noted } = await started();
  const wish = (untilMs: number, matcher = { site: 'farm' }) => ({ matcher, reason: 'new pump', untilMs });
  expect(() => desk.addSilence(wish(clock.nowMs() + 31 * DAY_MS), OPEN)).toThrow(/30 days/);
  const silence = desk.addSilence(wish(clock.nowMs() + DAY_MS), ANNA);
  expect(desk.silencedBy(gatewayAlert('pump'))).toMatchObject({ id: silence.id, who: 'anna' });
  expect(desk.endSilence(silence.id, { ...OPEN, name: 'li' }).ended).toEqual({ ms: clock.nowMs(), by: 'li' });
  expect(desk.silencedBy(gatewayAlert('pump'))).toBeUndefined();
  expect(noted, 'in the timeline of what it is about').toEqual([
    'pump silenced anna new pump',
    'pump unsilenced li undefined',
  ]);
  desk.addSilence(wish(clock.nowMs() + 1_000), ANNA);
  await clock.advance(1_001);
  expect(desk.silencedBy(gatewayAlert('pump'))).toBeUndefined();
  expect(trail.map(({ action, why }) => [action, why])).toContainEqual(['silence.set', 'new pump']);
});

it('lets nobody silence or acknowledge what they do not see', async () => {
  const { desk, clock } = await started();
  const blind = { ...ANNA, sites: ['other'] };
  const untilMs = clock.nowMs() + DAY_MS;
  expect(() => desk.addSilence({ matcher: { site: 'farm' }, reason: 'x', untilMs }, blind)).toThrow();
  expect(() => desk.addSilence({ matcher: { device: 'd' }, reason: 'x', untilMs }, blind)).toThrow();
  expect(() => desk.silence('pump', blind, 'x', 60)).toThrow(/no alert/);
  expect(() => desk.acknowledge('pump', blind)).toThrow(/no alert/);
});

it('lets nobody end a silence of another site; one’s own can always be taken back', async () => {
  const { desk, clock } = await started();
  const wish = { matcher: { site: 'farm' }, reason: 'x', untilMs: clock.nowMs() + DAY_MS };
  const silence = desk.addSilence(wish, ANNA);
  const elsewhere = { ...ANNA, name: 'wu', sites: ['other'], links: [] };
  expect(() => desk.endSilence(silence.id, elsewhere)).toThrow(/no silence/);
  expect(desk.silencedBy(gatewayAlert('pump'))).toBeDefined();
  expect(desk.endSilence(silence.id, { ...elsewhere, name: 'anna' }).ended).toBeDefined();
});

it('lets a whole event be silenced by those only who see what causes it, not by one whom it concerns', async () => {
  const link = { key: 'outage:a_b', kind: 'outage', subject: 'a_b', severity: 'critical' } as const;
  const words = { en: 'down', zh: '中断' };
  const { causing: silent } = gatewayAlert('pump');
  const wide = gatewayAlert('wide', { key: 'link:a_b', causing: [{ ...link, sinceMs: 0, words }], silent });
  const { desk } = await started([wide]);
  const farmer = { ...ANNA, sites: ['farm'], links: [] };
  expect(() => desk.silence('wide', farmer, 'x', 60)).toThrow(
    expect.objectContaining({ code: 'NOT_PERMITTED' }),
  );
  expect(desk.acknowledge('wide', farmer).acknowledged).toMatchObject({ who: 'anna' });
  const carrier = { ...farmer, sites: [], links: ['a_b'] };
  expect(desk.silence('wide', carrier, 'x', 60).matcher).toEqual({ key: 'link:a_b' });
  const { causing, silent: gateways } = partSeen(farmer, wide);
  expect([causing, gateways.map(({ subject }) => subject)]).toEqual([[], ['farm/pump']]);
  expect(partSeen(carrier, wide)).toMatchObject({ causing: [{ subject: 'a_b' }], silent: [] });
  expect(partSeen(OPEN, wide)).toBe(wide);
});

it('acknowledges an open alert, with a line in the trail; one that has ended no more', async () => {
  const { desk, trail, end } = await started();
  expect(desk.acknowledge('pump', ANNA, 'on my way').acknowledged).toMatchObject({ who: 'anna' });
  expect(trail).toMatchObject([{ action: 'alert.acknowledged', subject: 'pump', why: 'on my way' }]);
  end('pump');
  expect(() => desk.acknowledge('pump', ANNA)).toThrow(/has ended/);
});

it('knows after a restart how much was sent, and whom nothing reaches', async () => {
  const folder = temporaryFolder();
  const clock = new FakeClock();
  const events = [gatewayAlert('pump')];
  const heard: string[] = [];
  const open = async () => {
    const desk = new NotifyDesk(
      { ...checkConfig(IngestConfig, {}).notify, perContact: { most: 1, perS: 600 } },
      {
        ...{ folder, clock, log: createLog('silent'), audit: { record: () => {} } },
        alerts: {
          open: () => events,
          peek: (id: string) => events.find((one) => one.id === id),
          ...{ get: () => events[0]!, acknowledge: () => events[0]!, note: () => {} },
        },
        ways: new Map<WayKind, Way>([
          ['mail', { atOnce: 1, send: async ({ delivery }) => void heard.push(delivery.id) }],
          [
            'sms',
            {
              atOnce: 1,
              async send() {
                throw new SluiceError('DELIVERY_REFUSED', { way: 'sms', to: '+1', reason: 'no' });
              },
            },
          ],
        ]),
      },
    );
    expect(desk.undelivered(), 'not known yet').toBeUndefined();
    await desk.start();
    return desk;
  };
  const first = await open();
  const ways = [{ kind: 'mail', to: 'a@b.example' } as const, { kind: 'sms', to: '+8613800138000' } as const];
  first.addContact(contactWish({ ways }), 'admin');
  await clock.advance(10_000);
  expect(heard).toHaveLength(1);
  const broken = first.undelivered()!.map(({ key }) => key);
  expect(broken).toMatchObject([/^delivery:.*\/sms$/].map((one) => expect.stringMatching(one)));
  await first.stop();
  events.push(gatewayAlert('dam'));
  const second = await open();
  onTestFinished(() => second.stop());
  expect(second.undelivered()!.map(({ key }) => key)).toEqual(broken);
  await clock.advance(300_000);
  expect(heard, 'there is no room for a second').toHaveLength(1);
  await clock.advance(300_000);
  expect(heard).toHaveLength(2);
});

it('plans in the commit that an event is kept in: raised and over before anything else, it is told', async () => {
  const folder = temporaryFolder();
  const clock = new FakeClock();
  const alertFile = new AlertFile(folder);
  onTestFinished(() => alertFile.close());
  const heard: string[] = [];
  const send: Way['send'] = async ({ delivery }) => void heard.push(delivery.items[0]!.what);
  const alerts = {
    open: () => [],
    peek: (id: string) => alertFile.get(id),
    ...{
      get: (id: string) => alertFile.get(id)!,
      acknowledge: (id: string) => alertFile.get(id)!,
      note: () => {},
    },
  };
  const open = () =>
    new NotifyDesk(checkConfig(IngestConfig, {}).notify, {
      ...{ folder, clock, log: createLog('silent'), audit: { record: () => {} }, alerts },
      ways: new Map<WayKind, Way>([['mail', { atOnce: 1, send }]]),
    });
  const first = open();
  await first.start();
  first.addContact(contactWish(), 'admin');
  const event = gatewayAlert('pump');
  const told = first.along({ open: [event], changed: [event] })!;
  alertFile.save({ events: [event], put: [], removed: [], excused: new Map() }, told.write);
  // As if killed here: what it had in mind is gone, and before the next looks, the gateway is back.
  await first.stop();
  expect(heard).toEqual([]);
  const over = { ...event, clearedMs: clock.nowMs() };
  alertFile.save({ events: [over], put: [], removed: [], excused: new Map() });
  const second = open();
  await second.start();
  onTestFinished(() => second.stop());
  await clock.advance(10_000);
  expect(heard).toEqual(['raised']);
  expect(second.deliveries({ limit: 9 })).toMatchObject([
    { items: [{ endedMs: over.clearedMs }], state: 'sent' },
  ]);
});
