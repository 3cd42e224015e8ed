import { describe, expect, it } from 'vitest';
import { resumed } from './plan-state.ts';
import { Planned } from './testing/planned.ts';

const HOUR_MS = 3_600_000;
const QUIET = { from: '22:00', to: '06:00', zone: 'Asia/Shanghai', exceptCritical: true };
/** 23:00 in Shanghai. */
const NIGHT_MS = Date.UTC(2026, 5, 1, 15);

describe('what is told', () => {
  it('is each event once: its beginning, when it is worse, and its end', () => {
    const plan = new Planned().person('li').raise('pump');
    expect(plan.tell()).toEqual(['raised pump → li']);
    expect(plan.pass(HOUR_MS).tell(), 'nobody is reminded').toEqual([]);
    expect(plan.change('pump', { severity: 'critical' }).tell()).toEqual(['worsened pump → li']);
    expect(plan.change('pump', { severity: 'warning' }).tell(), 'better is no news').toEqual([]);
    expect(plan.change('pump', { severity: 'critical' }).tell(), 'nor is as bad again').toEqual([]);
    expect(plan.clear('pump').tell()).toEqual(['cleared pump → li']);
    expect(plan.tell()).toEqual([]);
  });

  it('goes by severities, sites and links', () => {
    const link = {
      kind: 'outage',
      subject: 'a_b',
      key: 'outage:a_b',
      severity: 'critical',
      sinceMs: 0,
    } as const;
    const words = { en: 'down', zh: '断' };
    const plan = new Planned()
      .person('farmer', { sites: ['farm'], links: [] })
      .person('carrier', { sites: [], links: ['a_b'] })
      .person('boss', { severities: ['critical'] })
      .person('nobody', { severities: [] })
      .raise('pump')
      .raise('cut', { severity: 'critical', causing: [{ ...link, words }] });
    expect(plan.tell().sort()).toEqual(['raised cut → boss', 'raised cut → carrier', 'raised pump → farmer']);
    expect(plan.clear('pump').clear('cut').tell().sort(), 'only to who was told').toEqual([
      'cleared cut → boss',
      'cleared cut → carrier',
      'cleared pump → farmer',
    ]);
  });

  it('says nothing of the end of what turns out to be part of another', () => {
    const plan = new Planned().person('li').raise('pump');
    plan.tell();
    expect(plan.clear('pump').change('pump', { foldedInto: 'cut' }).tell()).toEqual([]);
  });

  it('keeps a retained state of each event: changes too, through the night, and without a digest', () => {
    const plan = new Planned().person('page', { ways: [{ kind: 'mqtt' }], quiet: QUIET });
    plan.nowMs = NIGHT_MS;
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const id of ids) plan.raise(id);
    expect(plan.tell()).toEqual(ids.map((id) => `raised ${id} → page`));
    expect(plan.change('a', { timelineLeftOut: 1 }).tell()).toEqual(['changed a → page']);
    plan.silenced.add('b');
    expect(plan.tell()).toEqual(['cleared b → page']);
    expect(plan.clear('a').tell()).toEqual(['cleared a → page']);
  });
});

describe('somebody who sleeps', () => {
  it('is told in the morning, in one message, what is wrong and what came and went', () => {
    const plan = new Planned().person('li', { quiet: QUIET });
    plan.nowMs = NIGHT_MS;
    plan.raise('pump').raise('dam');
    expect(plan.tell()).toEqual([]);
    expect(plan.pass(HOUR_MS).clear('dam').tell()).toEqual([]);
    expect(plan.pass(5.9 * HOUR_MS).tell(), 'shortly before six').toEqual([]);
    expect(plan.pass(0.2 * HOUR_MS).tell()).toEqual(['raised pump + ended dam → li']);
  });

  it('is woken by what is critical, and told at once when that is over', () => {
    const plan = new Planned().person('li', { quiet: QUIET });
    plan.nowMs = NIGHT_MS;
    expect(plan.raise('pump').tell()).toEqual([]);
    expect(plan.raise('frost', { severity: 'critical' }).tell()).toEqual(['raised frost → li']);
    expect(plan.change('pump', { severity: 'critical' }).tell(), 'what grew so too').toEqual([
      'raised pump → li',
    ]);
    expect(plan.clear('frost').tell()).toEqual(['cleared frost → li']);
  });

  it.each([
    // Clocks go from 2:00 to 3:00 on 29 March 2026 in Berlin, and from 3:00 back to 2:00 on 25 October.
    ['the hour that is left out', Date.UTC(2026, 2, 29, 0, 30), '01:00', '02:30', Date.UTC(2026, 2, 29, 1)],
    [
      'the hour that comes twice',
      Date.UTC(2026, 9, 24, 23, 30),
      '01:00',
      '02:30',
      Date.UTC(2026, 9, 25, 0, 30),
    ],
    ['midnight', Date.UTC(2026, 5, 1, 21, 59), '23:30', '00:30', Date.UTC(2026, 5, 1, 22, 30)],
  ])('sleeps until the clock on the wall says so: %s', (_what, fromMs, from, to, wakesMs) => {
    const plan = new Planned().person('li', {
      quiet: { from, to, zone: 'Europe/Berlin', exceptCritical: false },
    });
    plan.nowMs = fromMs;
    plan.raise('pump');
    for (; plan.nowMs < wakesMs; plan.pass(60_000)) expect(plan.tell()).toEqual([]);
    expect(plan.tell()).toEqual(['raised pump → li']);
  });

  it('is told, and everybody else, where the zone is known no more', () => {
    const plan = new Planned().person('li', { quiet: { ...QUIET, zone: 'Gone/Away' } }).person('boss');
    plan.nowMs = Date.UTC(2026, 5, 1, 12);
    expect(plan.raise('pump').tell()).toHaveLength(2);
  });

  it('is not woken at all without that exception', () => {
    const plan = new Planned().person('li', { quiet: { ...QUIET, exceptCritical: false } });
    plan.nowMs = NIGHT_MS;
    expect(plan.raise('frost', { severity: 'critical' }).tell()).toEqual([]);
  });
});

describe('a silence', () => {
  it('takes back what is not sent, and when it ends what is still wrong is told', () => {
    const plan = new Planned().person('li').raise('pump').look();
    plan.silenced.add('pump');
    expect(plan.tell()).toEqual([]);
    plan.silenced.clear();
    expect(plan.tell()).toEqual(['raised pump → li']);
    plan.silenced.add('pump');
    expect(plan.look().clear('pump').tell(), 'not even its end').toEqual([]);
  });

  it('outlives the event: nobody hears of it', () => {
    const plan = new Planned().person('li').raise('pump');
    plan.silenced.add('pump');
    expect(plan.tell()).toEqual([]);
    expect(plan.clear('pump').tell()).toEqual([]);
  });
});

describe('escalation', () => {
  const escalating = (more = {}) =>
    new Planned()
      .person('li', { escalateTo: 'boss', escalateAfterS: 900, ...more })
      .person('boss', { severities: [], escalateTo: 'chief', escalateAfterS: 900 })
      .person('chief', { severities: [] })
      .raise('pump');

  it('tells the next, and the one after, while nobody acknowledges; and all of them the end', () => {
    const plan = escalating();
    expect(plan.tell()).toEqual(['raised pump → li']);
    expect(plan.pass(899_000).tell()).toEqual([]);
    expect(plan.pass(1_000).tell()).toEqual(['escalated pump → boss']);
    expect(plan.pass(900_000).tell()).toEqual(['escalated pump → chief']);
    expect(plan.pass(HOUR_MS).tell()).toEqual([]);
    expect(plan.clear('pump').tell()).toEqual(['li', 'boss', 'chief'].map((one) => `cleared pump → ${one}`));
  });

  it('that goes round ends where it began', () => {
    const plan = new Planned()
      .person('a', { escalateTo: 'b', escalateAfterS: 60 })
      .person('b', { severities: [], escalateTo: 'a', escalateAfterS: 60 })
      .raise('pump');
    const told = Array.from({ length: 100 }, () => plan.pass(60_000).tell()).flat();
    expect(told).toEqual(['raised pump → a', 'escalated pump → b', 'escalated pump → a']);
  });

  it('ends with an acknowledgement', () => {
    const plan = escalating();
    plan.tell();
    plan.change('pump', { acknowledged: { who: 'li', timeMs: 1 } });
    expect(plan.pass(HOUR_MS).tell()).toEqual([]);
  });

  it('does not run while the first sleeps', () => {
    const plan = escalating({ quiet: QUIET });
    plan.nowMs = NIGHT_MS;
    for (; plan.nowMs < NIGHT_MS + 7 * HOUR_MS; plan.pass(60_000)) expect(plan.tell()).toEqual([]);
    expect(plan.tell()).toEqual(['raised pump → li']);
  });
});

describe('a way', () => {
  it('is sent so much in a while, then one digest', () => {
    const plan = new Planned().person('li');
    for (let n = 1; n <= 3; n++) expect(plan.raise(`g${n}`).tell()).toHaveLength(1);
    for (let n = 4; n <= 15; n++) expect(plan.raise(`g${n}`).tell()).toEqual([]);
    expect(plan.pass(300_000).tell(), 'no room yet').toEqual([]);
    const [digest, ...none] = plan.pass(300_001).tell();
    expect(none).toEqual([]);
    expect(digest!.split(' + ')).toHaveLength(12);
  });

  it('is sent an outage of everything as one message, what is worst first, and its end as one', () => {
    const plan = new Planned().person('li');
    for (let n = 1; n <= 1_000; n++) plan.raise(`g${n}`, n === 700 ? { severity: 'critical' } : {});
    const told = plan.tell();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^raised g700 \+ raised g1 \+ .* and 950 more → li$/);
    for (let n = 1; n <= 1_000; n++) plan.clear(`g${n}`);
    expect(plan.tell()).toHaveLength(1);
    expect(plan.pass(HOUR_MS).tell()).toEqual([]);
    expect(plan.state.tellings.size).toBe(0);
  });

  it('that is not set up keeps what waits until it is too old; a test of it fails at once', () => {
    const plan = new Planned().person('li').raise('pump');
    const fail = { retryable: false, code: 'WAY_NOT_SET_UP' };
    expect(plan.tell(fail)).toEqual(['raised pump → li']);
    expect(plan.pass(3_500_000).tell(fail)).toEqual(['raised pump → li']);
    expect(plan.state.broken.size).toBe(0);
    plan.pass(200_000).state = resumed(plan.state, 'mail', plan.nowMs);
    expect(plan.tell(), 'at once when it can send').toEqual(['raised pump → li']);
    plan.raise('dam').tell(fail);
    for (let n = 0; n < 5; n++) plan.pass(1_000_000).tell(fail);
    expect(plan.state.broken.size, 'not after a few tries').toBe(0);
    for (let n = 0; n < 6; n++) plan.pass(1_000_000).tell(fail);
    expect(plan.state.broken.size, 'an hour of tries is too old here').toBe(1);
  });

  it('that could not send does so at once when it can again, and tries at once what is critical', () => {
    const plan = new Planned().person('li').raise('pump');
    for (let n = 0; n < 4; n++) plan.pass(100_000).tell({ retryable: true });
    plan.state = resumed(plan.state, 'sms', plan.nowMs);
    expect(plan.tell(), 'another way').toEqual([]);
    plan.raise('frost', { severity: 'critical' });
    expect(plan.tell()).toEqual(['raised pump → li', 'raised frost → li']);
  });

  it('is not stopped by one message that the other end chokes on', () => {
    const plan = new Planned().person('li').raise('pump');
    for (let n = 0; n < 5; n++) plan.pass(200_000).tell({ retryable: true });
    expect(plan.raise('dam').tell()).toEqual(['raised dam → li']);
  });

  it('goes on when the clock is set back', () => {
    const plan = new Planned().person('li', { escalateTo: 'boss', escalateAfterS: 900 });
    plan.person('boss', { severities: [] });
    for (const id of ['a', 'b', 'c']) expect(plan.raise(id).tell()).toHaveLength(1);
    plan.change('a', { acknowledged: { who: 'li', timeMs: 1 } });
    plan.change('b', { acknowledged: { who: 'li', timeMs: 1 } });
    plan.pass(-365 * 24 * HOUR_MS);
    expect(plan.raise('d').tell()).toEqual(['raised d → li']);
    plan.change('d', { acknowledged: { who: 'li', timeMs: 1 } });
    expect(plan.pass(900_000).tell()).toEqual(['escalated c → boss']);
  });

  it('is tried at once after the clock was set back by half an hour, and not given up when it is set ahead', () => {
    const plan = new Planned().person('li').raise('pump').look();
    plan.pass(-0.5 * HOUR_MS);
    expect(plan.tell({ retryable: true }), 'not tried yet').toEqual(['raised pump → li']);
    plan.pass(-0.25 * HOUR_MS);
    expect(plan.tell({ retryable: true })).toEqual(['raised pump → li']);
    plan.pass(365 * 24 * HOUR_MS);
    expect(plan.tell({ retryable: true })).toEqual(['raised pump → li']);
    expect(plan.state.broken.size, 'tried three times').toBe(0);
    expect(plan.pass(60_000).tell()).toEqual(['raised pump → li']);
  });

  it('that shows a state is tried until it is shown, what is over not so long; and all of it in one message', () => {
    const plan = new Planned().person('page', { ways: [{ kind: 'mqtt' }] }).raise('pump');
    for (let n = 0; n < 60; n++)
      plan.change('pump', { timelineLeftOut: n }).pass(HOUR_MS).tell({ retryable: true });
    expect(plan.waiting(), 'one message, however often it has changed').toEqual(['changed pump → ']);
    for (let n = 0; n < 60; n++) plan.clear('pump').pass(HOUR_MS).tell({ retryable: true });
    expect(plan.waiting()).toEqual([]);
  });

  it('that shows a state takes nothing away that it never showed', () => {
    const plan = new Planned()
      .person('page', { ways: [{ kind: 'mqtt' }] })
      .raise('pump')
      .look();
    expect(plan.clear('pump').tell()).toEqual([]);
    expect(plan.raise('dam').tell({ retryable: true })).toEqual(['raised dam → page']);
    expect(plan.clear('dam').tell(), 'tried: it may be there').toEqual(['cleared dam → page']);
  });

  it('that is dead holds up no other, and gets what came meanwhile as one message', () => {
    const mobile = { kind: 'sms', to: '+8613800000000' } as const;
    const plan = new Planned()
      .person('li', { ways: [mobile, { kind: 'mail', to: 'a@b' }] })
      .raise('pump')
      .look();
    const sms = plan.ready().find(({ way }) => way.kind === 'sms')!;
    expect(plan.ready()).toHaveLength(2);
    plan.person('li', { ways: [mobile] }).look();
    expect(plan.ready(), 'what waits for a way that is gone is dropped').toEqual([sms]);
    expect(plan.tell({ retryable: true })).toEqual(['raised pump → li']);
    plan.raise('dam').raise('well');
    expect(plan.pass(9_000).tell(), 'waits').toEqual([]);
    expect(plan.pass(3_000).tell()).toEqual(['raised pump → li', 'raised dam + raised well → li']);
  });

  it('is tried less and less often, and given up', () => {
    const plan = new Planned().person('li').raise('pump');
    const triesMs: number[] = [];
    const startMs = plan.nowMs;
    for (; plan.state.broken.size === 0; plan.pass(1_000))
      if (plan.tell({ retryable: true }).length > 0) triesMs.push(plan.nowMs - startMs);
    expect(triesMs.slice(0, 5)).toEqual([0, 10_000, 30_000, 70_000, 150_000]);
    expect(triesMs.at(-1)! / HOUR_MS).toBeGreaterThanOrEqual(1);
    expect([...plan.state.broken.values()]).toMatchObject([{ contact: 'li', kind: 'mail', reason: 'no' }]);
    plan.raise('dam');
    plan.tell();
    expect(plan.state.broken.size, 'until something gets through').toBe(0);
  });

  it('that refuses for good is not tried again', () => {
    const plan = new Planned().person('li').raise('pump');
    expect(plan.tell({ retryable: false })).toEqual(['raised pump → li']);
    expect(plan.pass(HOUR_MS).tell()).toEqual([]);
    expect(plan.state.broken.size).toBe(1);
  });
});
