import { expect, it } from 'vitest';
import { Planned } from './testing/planned.ts';

const HOUR_MS = 3_600_000;
const OLD = { kind: 'sms', to: '+8613800000000' } as const;
const NEW = { kind: 'sms', to: '+8613900000000' } as const;
const MAIL = { kind: 'mail', to: 'li@farm.example' } as const;
const MQTT = { kind: 'mqtt' } as const;

it('what waits for an address goes to the one in its place, though it is over by now', () => {
  const plan = new Planned()
    .person('li', { ways: [OLD, MAIL] })
    .raise('pump')
    .raise('dam')
    .look();
  plan
    .clear('dam')
    .look()
    .become('li', { ways: [MAIL, NEW] })
    .look();
  expect(plan.waiting().filter((one) => one.endsWith(NEW.to))).toEqual([
    `raised pump → ${NEW.to}`,
    `raised dam → ${NEW.to}`,
  ]);
  expect(plan.waiting(), 'and nothing twice').toHaveLength(4);
  expect(plan.tell()).toHaveLength(4);
  expect(plan.clear('pump').tell()).toEqual(['cleared pump → li', 'cleared pump → li']);
});

it('what was tried in vain, or is held by quiet hours, is not forgotten with the old address', () => {
  const quiet = { from: '22:00', to: '06:00', zone: 'Asia/Shanghai', exceptCritical: true };
  const plan = new Planned().person('li', { ways: [OLD], quiet }).person('wu', { ways: [OLD] });
  plan.nowMs = Date.UTC(2026, 5, 1, 15);
  plan.raise('frost').tell({ retryable: true });
  plan.clear('frost').look();
  plan.become('li', { ways: [NEW] }).become('wu', { ways: [NEW] });
  expect(plan.tell(), 'at once, whatever the tries before').toEqual([
    'raised frost → wu',
    'cleared frost → wu',
  ]);
  expect(plan.pass(7 * HOUR_MS).tell()).toEqual(['ended frost → li']);
});

it('what is under way to the old address is sent to the new one by a message of its own', () => {
  const plan = new Planned()
    .person('li', { ways: [OLD] })
    .raise('pump')
    .look();
  const [underWay] = plan.ready();
  plan.become('li', { ways: [NEW] }, [underWay!]);
  expect(plan.waiting()).toEqual([`raised pump → ${OLD.to}`, `raised pump → ${NEW.to}`]);
  expect(plan.ready().map(({ id }) => id)).toEqual(['d1', 'd2']);
});

it('a way that is new is told what is open, which the others were told already', () => {
  const plan = new Planned()
    .person('li', { ways: [MAIL] })
    .raise('pump')
    .raise('dam');
  plan.tell();
  plan
    .change('pump', { severity: 'critical' })
    .clear('dam')
    .become('li', { ways: [MAIL, NEW, MQTT] })
    .look();
  expect(plan.waiting().sort()).toEqual(
    ['changed pump → ', `raised pump → ${NEW.to}`, `worsened pump + cleared dam → ${MAIL.to}`].sort(),
  );
  plan.tell();
  expect(plan.pass(HOUR_MS).tell(), 'once').toEqual([]);
});

it('a way that is gone without another in its place gets nothing more, and one that is new nothing of what is none of its business', () => {
  const plan = new Planned()
    .person('li', { ways: [OLD, MAIL] })
    .raise('pump')
    .look();
  expect(
    plan
      .become('li', { ways: [MAIL] })
      .look()
      .waiting(),
  ).toEqual([`raised pump → ${MAIL.to}`]);
  plan.tell();
  plan.become('li', { severities: ['critical'], ways: [MAIL, NEW] });
  expect(plan.tell()).toEqual([]);
  expect(plan.clear('pump').tell(), 'its end only to who was told').toEqual(['cleared pump → li']);
});

it('another secret signs what waits, too', () => {
  const hook = { kind: 'webhook', to: 'https://a.example/', secret: 'old' } as const;
  const plan = new Planned()
    .person('page', { ways: [hook] })
    .raise('pump')
    .look();
  plan.become('page', { ways: [{ ...hook, secret: 'new' }] }).look();
  expect(plan.ready()).toMatchObject([{ way: { secret: 'new' } }]);
});

it('whoever comes after one that was taken away is told in its stead', () => {
  const plan = new Planned()
    .person('li', { escalateTo: 'boss', escalateAfterS: 900 })
    .person('boss', { severities: [] })
    .raise('pump');
  plan.tell();
  expect(plan.pass(900_000).tell()).toEqual(['escalated pump → boss']);
  plan.contacts.delete('boss');
  plan.person('chief', { severities: [] }).become('li', { escalateTo: 'chief' });
  expect(plan.tell()).toEqual(['escalated pump → chief']);
  expect(plan.pass(HOUR_MS).tell()).toEqual([]);
});
