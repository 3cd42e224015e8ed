import { expect, it } from 'vitest';
import type { Alert, Delivery, Member } from './api.ts';
import { inOrder, isLookedFor, placeOf, sitesOf, timelineOf } from './arrange.ts';

const words = { en: 'x', zh: 'x' };
const member = (kind: string, subject: string, more: Partial<Member> = {}): Member => ({
  ...{ key: `${kind}:${subject}`, kind, subject, severity: 'warning', sinceMs: 0, words },
  ...more,
});
const alert = (id: string, more: Partial<Alert>): Alert => ({
  ...{
    id,
    key: id,
    kind: 'gateway',
    subject: 'farm/pump',
    severity: 'warning',
    sinceMs: 0,
    raisedMs: 0,
    words,
  },
  ...{ causing: [], silent: [], timeline: [], timelineLeftOut: 0 },
  ...{ deliveries: { waiting: 0, sent: 0, failed: 0, dropped: 0 } },
  ...more,
});

it('puts what is critical and nobody’s yet before all else', () => {
  const taken = { who: 'li', timeMs: 0 };
  const alerts = [
    alert('warning', { raisedMs: 9 }),
    alert('taken', { severity: 'critical', raisedMs: 8, acknowledged: taken }),
    alert('older', { severity: 'critical', raisedMs: 1 }),
    alert('newer', { severity: 'critical', raisedMs: 2 }),
    alert('info', { severity: 'info', raisedMs: 10 }),
  ];
  expect(inOrder(alerts).map(({ id }) => id)).toEqual(['newer', 'older', 'taken', 'warning', 'info']);
});

it('knows where a member is, and by which threshold', () => {
  expect(placeOf(member('silent', 'farm/pump'))).toEqual({ site: 'farm', gateway: 'pump' });
  expect(placeOf(member('outage', 'bj-sh'))).toEqual({ link: 'bj-sh' });
  const dry = member('bounds', 'farm/pump/soil', {
    key: 'bounds:t-1:farm/pump/soil',
    place: { zone: 'north' },
  });
  expect(placeOf(dry)).toEqual({ zone: 'north' });
});

it('finds an event by any of the sites that it is about', () => {
  const both = alert('one', { causing: [member('silent', 'a/g')], silent: [member('silent', 'b/g')] });
  expect(sitesOf(both)).toEqual(['a', 'b']);
  expect(isLookedFor(both, { severity: '', site: 'b' })).toBe(true);
  expect(isLookedFor(both, { severity: 'critical', site: 'b' })).toBe(false);
});

it('tells who was told among what happened', () => {
  const step = (timeMs: number, name: string) => ({ timeMs, step: name });
  const told = { id: 'd', timeMs: 1, doneMs: 3 } as Delivery;
  const moments = timelineOf(alert('one', { timeline: [step(1, 'raised'), step(5, 'cleared')] }), [told]);
  expect(moments.map(({ kind, timeMs }) => [kind, timeMs])).toEqual([
    ['step', 1],
    ['delivery', 3],
    ['step', 5],
  ]);
});
