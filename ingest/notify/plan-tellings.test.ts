import { describe, expect, it } from 'vitest';
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
    for (let n = 1; n <= 15; n++) plan.raise(`g${n}`);
    expect(plan.tell()).toHaveLength(3);
    expect(plan.pass(300_000).tell(), 'no room yet').toEqual([]);
    const [digest, ...none] = plan.pass(300_001).tell();
    expect(none).toEqual([]);
    expect(digest!.split(' + ')).toHaveLength(12);
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
