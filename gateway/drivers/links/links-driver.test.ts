import { expect, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { LinkPlan, SERIES_OF_PROBE } from '../../../core/links/link-plan.ts';
import { LINK_CLASSES, PROBE_KINDS, type ProbeKind } from '../../../core/links/measures.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { LinksConfig } from './config.ts';
import { LinksDriver, linksDriver } from './links-driver.ts';
import { evidenceOf, type ProbeEvidence } from './probe-evidence.ts';
import { ProbeLedger } from './probe-ledger.ts';
import type { ProbedLink, Prober, ProberContext, ProberKind } from './prober.ts';
import { PROBERS } from './probers.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);

/** Probers that note what they are told, and report what the test says. */
function fakeKinds() {
  const replaced: { kind: ProbeKind; links: readonly ProbedLink[]; recordMs: number }[] = [];
  const contexts = new Map<ProbeKind, ProberContext>();
  const kindOf = (kind: ProbeKind): ProberKind => ({
    fields: ['loss', 'latency', 'scheduled'],
    create: (context): Prober => {
      contexts.set(kind, context);
      return {
        replace: (links, recordMs) => void replaced.push({ kind, links, recordMs }),
        start: async () => {},
        trouble: () => undefined,
        stop: async () => {},
      };
    },
  });
  const kinds = Object.fromEntries(PROBE_KINDS.map((kind) => [kind, kindOf(kind)])) as {
    [K in ProbeKind]: ProberKind;
  };
  return { kinds, replaced, report: (one: ProbeEvidence) => contexts.get(one.kind)!.report(one) };
}

const stamp = { kind: 'stamp', address: '192.0.2.1' };
const icmp = { kind: 'icmp', address: '192.0.2.1' };

function link(id: string, probes: unknown[] = [stamp], linkClass: string = LINK_CLASSES[0]) {
  return { link: id, class: linkClass, to: 'x', probes };
}

function settings(parts: Record<string, unknown>) {
  return checkConfig(LinksConfig, { driver: 'links', id: 'links', ...parts });
}

function planOf(links: unknown[]): LinkPlan {
  return checkConfig(LinkPlan, { version: '0123456789abcdef', recordS: 30, links, reflectTo: [] });
}

function record(parts: Partial<ProbeEvidence> = {}): ProbeEvidence {
  const values = { loss: 0, scheduled: 3 };
  return { link: 'a', kind: 'stamp', fromMs: 1_000, toMs: 61_000, evidence: 'AQ', values, ...parts };
}

test('a link is a device, with a metric for each kind of probe and what it measures', () => {
  const { kinds } = fakeKinds();
  const driver = new LinksDriver(
    settings({ links: [link('a', [stamp, icmp], 'inter')] }),
    driverContext(),
    kinds,
  );
  const [device] = driver.devices;
  const names = device!.metrics.map(({ point, quantity, link, class: of }) => [
    point,
    quantity.field,
    link,
    of,
  ]);
  const fields = ['loss', 'latency', 'scheduled', 'evidence'];
  expect(names).toEqual(
    ['stamp', 'icmp'].flatMap((kind) => fields.map((field) => [kind, field, 'a', 'inter'])),
  );
});

test('a record is one outcome at the time at which it begins, and says nothing of what it does not know', () => {
  const { kinds, report } = fakeKinds();
  const context = driverContext();
  const driver = new LinksDriver(settings({ links: [link('a')] }), context, kinds);
  report(record({ values: { loss: 1, scheduled: 3, received: 0 } }));
  const [outcome] = context.outcomes;
  // Nothing came back, and the agent that says so is there.
  expect(outcome).toMatchObject({ device: 'a', timeMs: 1_000, isReached: true });
  const told = outcome!.samples.map(({ metric, value }) => [metric.quantity.field, value]);
  expect(told).toEqual([
    ['loss', 1],
    ['scheduled', 3],
    ['evidence', 'AQ'],
  ]);
  const declared = driver.devices.flatMap(({ metrics }) => metrics);
  for (const { metric } of outcome!.samples) expect(declared).toContain(metric);
});

test('a plan takes the place of what was there; a link that stays keeps its device', () => {
  const { kinds, replaced } = fakeKinds();
  const driver = new LinksDriver(settings({ links: [link('a'), link('b')] }), driverContext(), kinds);
  const [a] = driver.devices;
  driver.takesPlans.take(planOf([link('a'), link('c', [icmp])]));
  expect(driver.devices.map(({ id }) => id)).toEqual(['a', 'c']);
  expect(driver.devices[0]).toBe(a);
  const last = replaced.slice(-PROBE_KINDS.length);
  expect(last.map(({ kind, links, recordMs }) => [kind, links.map((one) => one.link), recordMs])).toEqual([
    ['stamp', ['a'], 30_000],
    ['icmp', ['c'], 30_000],
    ['tcp', [], 30_000],
    ['http', [], 30_000],
  ]);
});

test('the last record of a link that is gone is told with the metrics that it had, and no longer than a while', async () => {
  const { kinds, report } = fakeKinds();
  const clock = new FakeClock();
  const context = driverContext({ clock });
  const driver = new LinksDriver(settings({ links: [link('a')] }), context, kinds);
  const before = driver.devices[0]!.metrics;
  driver.takesPlans.take(planOf([]));
  report(record());
  for (const { metric } of context.outcomes[0]!.samples) expect(before).toContain(metric);
  await clock.advance(61_000);
  driver.takesPlans.take(planOf([]));
  report(record());
  expect(context.outcomes).toHaveLength(1);
});

test.each([
  ['a link twice', { links: [link('a'), link('a')] }, /"a" stands twice/],
  ['two probes of one kind', { links: [link('a', [stamp, stamp])] }, /two probes of one kind/],
  ['records that do not fill an hour', { recordS: 7 }, /7 does not divide an hour/],
  ['bounds that are no prefixes', { plan: { to: ['1.2.3.4/99'] } }, /is no prefix/],
])('%s is refused', (_, parts, words) => {
  expect(() => linksDriver.create(settings(parts), driverContext())).toThrow(words);
});

test('an agent that starts anew after its clock was set back overwrites no evidence', () => {
  const { kinds, report } = fakeKinds();
  const context = driverContext({ dataFolder: temporaryFolder() });
  for (let run = 0; run < 2; run++) {
    new LinksDriver(settings({ links: [link('a')] }), context, kinds);
    const ledger = new ProbeLedger(
      { recordMs: 60_000, timeoutMs: 1_000, sourcePorts: [0] },
      { utcMs: NOON_MS, monotonicMs: 0 },
    );
    for (const closed of ledger.end({ utcMs: NOON_MS + 9_000, monotonicMs: 9_000 }))
      report(evidenceOf('a', 'stamp', closed));
  }
  expect(context.outcomes.map(({ timeMs }) => timeMs - NOON_MS)).toEqual([0, 9_000]);
});

test('records that end together are handed on a few at a time, as the disk takes no more; the end brings all', async () => {
  const { kinds, report } = fakeKinds();
  const clock = new FakeClock();
  const context = driverContext({ clock, dataFolder: temporaryFolder() });
  const ids = Array.from({ length: 500 }, (_, at) => `l${at}`);
  const driver = new LinksDriver(settings({ links: ids.map((id) => link(id)) }), context, kinds);
  for (const id of ids) report(record({ link: id }));
  expect(context.outcomes.length).toBeLessThanOrEqual(50);
  await clock.advance(20);
  expect(context.outcomes.length).toBeLessThanOrEqual(100);
  const stopped = driver.stop();
  await clock.advance(1_000);
  await stopped;
  expect(context.outcomes.map(({ device }) => device)).toEqual(ids);
});

test.each(PROBE_KINDS)('a host counts on as many series of a probe by %s as there are', (kind) => {
  expect(SERIES_OF_PROBE[kind]).toBe(PROBERS[kind].fields.length + 1);
});
