import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import type { GatewayEvent } from '../../../core/gateway-event.ts';
import type { LinkPlan, ProbeSpec } from '../../../core/links/link-plan.ts';
import { encodePlan } from '../../../core/links/plan-text.ts';
import { serviceContext } from '../../../core/testing/service-context.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { PlanBounds, prefixProblems } from './plan-bounds.ts';
import { PlanReception } from './plan-reception.ts';

const ICMP = { kind: 'icmp', everyMs: 1_000, timeoutMs: 2_000, dscp: 0, sizeBytes: 56 } as const;

function planOf(version: string, ...links: readonly (readonly [string, string])[]): LinkPlan {
  return {
    ...{ version: version.repeat(16), recordS: 60, reflectTo: ['192.0.2.9'] },
    links: links.map(([link, address]) => ({
      ...{ link, class: 'inter', to: 'far', probes: [{ ...ICMP, address }] },
    })),
  };
}

/** A driver that does what its plan says, and a gateway that has a device "plc" beside it. */
function setUp(folder = temporaryFolder(), bounds: object = {}) {
  const taken: string[][] = [];
  const driver = {
    devices: [] as { id: string; metrics: []; groups: [] }[],
    takesPlans: {
      bounds: checkConfig(PlanBounds, bounds),
      take({ links }: LinkPlan) {
        if (links.some(({ link }) => link === 'broken')) throw new Error('no socket');
        driver.devices = links.map(({ link }) => ({ id: link, metrics: [], groups: [] }));
        taken.push(links.map(({ link }) => link));
      },
    },
    stop: async () => {},
  };
  const events: GatewayEvent[] = [];
  const reflected: (readonly string[])[] = [];
  const replaced: (readonly string[])[] = [];
  const reception = new PlanReception({
    ...{ folder, driver, log: serviceContext().log },
    nowMs: () => 0,
    others: () => new Set(['plc']),
    allowReflection: (addresses) => reflected.push(addresses),
    replaced: (before) => replaced.push(before),
    emit: (event) => events.push(event),
  });
  return { reception, taken, reflected, events, replaced, folder };
}

test('a plan is taken, kept, and gone by after a restart without the host', () => {
  const { reception, taken, replaced, folder } = setUp();
  reception.take(encodePlan(planOf('a', ['l1', '192.0.2.1'])));
  reception.take(encodePlan(planOf('b', ['l1', '192.0.2.1'], ['l2', '192.0.2.2'])));
  expect(taken).toEqual([['l1'], ['l1', 'l2']]);
  expect(replaced).toEqual([[], ['l1']]);
  const next = setUp(folder);
  expect(next.reflected).toEqual([]);
  expect(next.reception.version).toBe('');
  next.reception.takeUp();
  expect(next.reception.version).toBe('b'.repeat(16));
  expect(next.taken).toEqual([['l1', 'l2']]);
  expect(next.replaced).toEqual([]);
  expect(next.reflected).toEqual([['192.0.2.9']]);
});

test('the one in force, said again, changes nothing', () => {
  const { reception, taken } = setUp();
  for (let time = 0; time < 3; time++) reception.take(encodePlan(planOf('a', ['l1', '192.0.2.1'])));
  expect(taken).toHaveLength(1);
});

test.each([
  ['has the id of another device', encodePlan(planOf('b', ['plc', '192.0.2.1'])), /another device/],
  ['names a link twice', encodePlan(planOf('b', ['x', '192.0.2.1'], ['x', '192.0.2.2'])), /stands twice/],
  ['is no plan', '{"version":"b"}', /cannot be read/],
  ['is nothing', 'nonsense', /cannot be read/],
  ['leads into the machine', encodePlan(planOf('b', ['x', '127.0.0.1'])), /x is to 127\.0\.0\.1/],
  ['leads into it by IPv6', encodePlan(planOf('b', ['x', '::ffff:127.0.0.1'])), /may not probe/],
  ['is to many', encodePlan(planOf('b', ['x', '224.0.0.1'])), /may not probe/],
  ['is to a name', encodePlan(planOf('b', ['x', 'example.org'])), /may not probe/],
  ['fails at the driver', encodePlan(planOf('b', ['broken', '192.0.2.1'])), /no socket/],
])('one that %s is refused, told once, and the one before stays', (_, text, words) => {
  const { reception, taken, events, folder } = setUp();
  reception.take(encodePlan(planOf('a', ['l1', '192.0.2.1'])));
  reception.take(text);
  reception.take(text);
  expect(taken).toEqual([['l1']]);
  expect(reception.version).toBe('a'.repeat(16));
  expect(readFileSync(join(folder, 'link-plan.json'), 'utf8')).toContain('aaaa');
  expect(events).toMatchObject([
    { condition: 'plan-refused', isRaised: true, reason: { en: expect.stringMatching(words) } },
  ]);
  reception.take(encodePlan(planOf('c')));
  expect(events.at(-1)).toMatchObject({ condition: 'plan-refused', isRaised: false });
});

test('prefixes that the agent names are all that may be probed', () => {
  const { reception, taken } = setUp(undefined, { to: ['127.0.0.0/8', '2001:db8::/32'] });
  reception.take(encodePlan(planOf('a', ['l', '192.0.2.1'])));
  reception.take(encodePlan(planOf('b', ['l', '127.0.0.2'], ['m', '2001:db8::7'])));
  expect(taken).toEqual([['l', 'm']]);
  expect(prefixProblems(checkConfig(PlanBounds, { to: ['1.2.3.4/33', '10.0.0.0/8'] }))).toHaveLength(1);
});

/** Odd notations of what is closed or not allowed, as the connecting program would read them. */
test.each<[string, object]>([
  ['::ffff:127.0.0.1', {}],
  ['::ffff:192.0.2.1', { to: ['192.0.2.0/24', '::/0'] }],
  ['::127.0.0.1', {}],
  ['::', {}],
  ['0.0.0.0', {}],
  ['127.1', { to: ['127.0.0.0/8'] }],
  ['0177.0.0.1', { to: ['127.0.0.0/8'] }],
  ['2130706433', { to: ['127.0.0.0/8'] }],
  ['fe80::1%eth0', { to: ['fe80::/10'] }],
  ['localhost', {}],
  ['127.0.0.1', { to: ['::/0'] }],
  ['127.0.0.1', { to: ['0.0.0.0/0'] }],
  ['169.254.169.254', { to: ['0.0.0.0/0', '127.0.0.0/8'] }],
  ['::1', { to: ['::/0'] }],
  ['192.0.2.1', { to: ['::/0'] }],
])('%s is not probed by %o', (address, bounds) => {
  const { reception, taken } = setUp(undefined, bounds);
  reception.take(encodePlan(planOf('a', ['l', address])));
  expect(taken).toEqual([]);
});

test.each<[string, object]>([
  ['http://127.1/', {}],
  ['http://0x7f.1/', {}],
  ['http://2130706433/', {}],
  ['http://[::ffff:7f00:1]/', {}],
  ['http://192.0.2.1\\@127.0.0.1/', { to: ['192.0.2.0/24'] }],
  ['http://192.0.2.1@127.0.0.1/', { to: ['192.0.2.0/24'] }],
  ['http://user:secret@192.0.2.1/', { to: ['192.0.2.0/24'] }],
  ['http://192.0.2.1:99999/', { to: ['192.0.2.0/24'] }],
])('%s is not asked for by %o', (url, bounds) => {
  const { reception, taken, events } = setUp(undefined, bounds);
  const link = { link: 'l', class: 'inter' as const, to: 'far', probes: [{ ...HTTP, url }] };
  reception.take(encodePlan({ ...planOf('a'), links: [link] }));
  expect(taken).toEqual([]);
  expect(events).toMatchObject([{ condition: 'plan-refused', reason: { code: 'PLAN_REFUSED' } }]);
});

test.each(['any', '0.0.0.0/0', '192.0.2.0/24', '239.0.0.1'])(
  'no plan has the reflector answer %s',
  (whom) => {
    const { reception, taken, reflected } = setUp();
    reception.take(encodePlan({ ...planOf('a'), reflectTo: ['192.0.2.9', whom] }));
    expect([taken, reflected]).toEqual([[], []]);
  },
);

test('records that do not fit into hours are refused', () => {
  const { reception, taken } = setUp();
  reception.take(encodePlan({ ...planOf('a'), recordS: 7 }));
  expect(taken).toEqual([]);
});

const STAMP = {
  ...{
    kind: 'stamp',
    address: '192.0.2.1',
    port: 862,
    ratePerS: 1_000,
    spacing: 'periodic',
    timeoutMs: 2_000,
  },
  ...{ dscp: 0, sizeBytes: 1_400, sourcePorts: [0], timestamps: 'ntp', reflector: 'stateless' },
} as const satisfies ProbeSpec;
const HTTP = { kind: 'http', url: 'http://127.0.0.1:1/', everyMs: 1_000, timeoutMs: 2_000 } as const;

test.each<[string, ProbeSpec[][], RegExp]>([
  ['bits', [[STAMP], [STAMP]], /23\.2 Mbit\/s/],
  ['probes', Array.from({ length: 6 }, () => [{ ...STAMP, sizeBytes: 44 }]), /6000\/s/],
  ['pages of the machine itself', [[HTTP]], /127\.0\.0\.1/],
])('no more %s than the agent allows', (_, probes, words) => {
  const { reception, events } = setUp();
  const links = probes.map((own, at) => ({
    link: `l${at}`,
    class: 'inter' as const,
    to: 'far',
    probes: own,
  }));
  reception.take(encodePlan({ ...planOf('a'), links }));
  expect(events).toMatchObject([{ reason: { en: expect.stringMatching(words) } }]);
});

test('a kept plan that is damaged keeps nothing else from starting', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'link-plan.json'), '{"version":');
  const { reception, taken } = setUp(folder);
  reception.takeUp();
  expect([reception.version, taken.length]).toEqual(['', 0]);
});
