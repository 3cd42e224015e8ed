import { expect, it } from 'vitest';
import { PLAN_VERSION_METRIC } from '../../core/links/link-plan.ts';
import { decodePlan } from '../../core/links/plan-text.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { nodeFromRecord, packBirths } from '../session/births/birth-record.ts';
import { stepHost } from '../session/host-session.ts';
import { createHostState } from '../session/host-state.ts';
import { EdgeMessages } from '../testing/edge-messages.ts';
import { KeptLog } from '../testing/kept-log.ts';
import { type ExpandedMesh, expandMesh } from './expand-mesh.ts';
import { EMPTY_PLAN, PlanDesk } from './plan-desk.ts';

const OPTIONS = {
  ...{ hostId: 'sluice', reorderMs: 2_000, rebirthIntervalMs: 10_000, silenceMs: 60_000 },
  ...{ rebirthsPerS: 50, maxGateways: 100, maxSeriesPerGateway: 100 },
};

function meshOf(...ids: string[]): ExpandedMesh {
  const pop = (at: number) => ({
    network: 'a',
    address4: `192.0.2.${at + 1}`,
    reflectorPort: 862,
    agent: true,
  });
  return expandMesh({
    ...{ site: 'net', recordS: 60, classes: {}, networks: { a: {} }, links: [], meshes: [{ except: [] }] },
    pops: Object.fromEntries(ids.map((id, at) => [id, pop(at)])),
  });
}

/** A host with the desk, and agents that are born as they are told. */
function setUp(expanded: ExpandedMesh = meshOf('p1', 'p2'), host = createHostState(OPTIONS)) {
  const clock = new FakeClock();
  const kept = new KeptLog();
  const sent: { topic: string; version: string; links: number }[] = [];
  const listeners: (() => void)[] = [];
  const mesh: { isNamed: boolean; expanded: ExpandedMesh | undefined; onChange(listener: () => void): void } =
    {
      isNamed: true,
      expanded,
      onChange: (listener) => listeners.push(listener),
    };
  const desk = new PlanDesk({
    ...{ mesh, host, clock, log: kept.log },
    publish(topic, payload) {
      const text = decodePayload(payload).metrics[0]?.value as string;
      const { version, links } = decodePlan(text) as { version: string; links: unknown[] };
      sent.push({ topic, version, links: links.length });
    },
  });
  const hears = (message: { topic: string; bytes: Uint8Array }) => {
    const at = { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    for (const effect of stepHost(host, { kind: 'message', ...message, at }))
      if (effect.kind === 'born' || effect.kind === 'presence') desk.look(effect);
  };
  const born = (gateway: string, version?: string) => {
    const metric = { name: PLAN_VERSION_METRIC, dataType: DATA_TYPES.String, value: version ?? null };
    hears(new EdgeMessages('net', gateway).nbirth(version === undefined ? [] : [metric]));
  };
  const changes = (to: ExpandedMesh) => {
    mesh.expanded = to;
    for (const listener of listeners) listener();
  };
  return { host, clock, desk, sent, mesh, hears, born, changes, kept };
}

it('an agent whose birth names another version is given its plan until a birth names this one', async () => {
  const { clock, sent, born, mesh } = setUp();
  const { version } = mesh.expanded!.plans.get('net/p1')!;
  born('p1', '');
  expect(sent).toEqual([{ topic: 'spBv1.0/net/NCMD/p1', version, links: 1 }]);
  await clock.advance(5_000);
  expect(sent).toHaveLength(2);
  born('p1', version);
  await clock.advance(3_600_000);
  expect(sent).toHaveLength(2);
});

it('one that never takes it is not asked for ever, until it has been away', async () => {
  const { clock, sent, born, hears, kept } = setUp();
  born('p1', '');
  await clock.advance(86_400_000);
  expect(sent).toHaveLength(10);
  expect(kept.texts().filter((text) => text.includes('does not take its plan'))).toHaveLength(1);
  born('p1', '');
  expect(sent).toHaveLength(10);
  hears(new EdgeMessages('net', 'p1').ndeath());
  born('p1', '');
  expect(sent).toHaveLength(11);
});

it('a gateway that tells no version is never asked, whoever made it', async () => {
  const { clock, sent, born } = setUp();
  born('p1');
  await clock.advance(3_600_000);
  expect(sent).toEqual([]);
});

it('a changed mesh goes to those that it changes, and to nobody else', () => {
  const { sent, born, changes, mesh } = setUp();
  for (const id of ['p1', 'p2']) born(id, mesh.expanded!.plans.get(`net/${id}`)!.version);
  changes(meshOf('p1', 'p2'));
  expect(sent).toEqual([]);
  changes(meshOf('p1', 'p2', 'p3'));
  expect(sent.map(({ topic, links }) => [topic.slice(-2), links])).toEqual([
    ['p1', 2],
    ['p2', 2],
  ]);
});

it('an agent that the mesh names no longer is given the empty plan, and one that has none is left alone', () => {
  const { sent, born, changes, mesh } = setUp();
  born('p1', mesh.expanded!.plans.get('net/p1')!.version);
  born('other', '');
  changes(meshOf('p2'));
  expect(sent).toEqual([{ topic: 'spBv1.0/net/NCMD/p1', version: EMPTY_PLAN.version, links: 0 }]);
  born('p1', EMPTY_PLAN.version);
  changes(meshOf('p2'));
  expect(sent).toHaveLength(1);
});

it('a mesh that could not be read is not an empty one, and neither is none', () => {
  const unread = setUp();
  unread.mesh.expanded = undefined;
  unread.born('p1', '0123456789abcdef');
  const none = setUp();
  none.mesh.isNamed = false;
  none.born('p1', '0123456789abcdef');
  expect([...unread.sent, ...none.sent]).toEqual([]);
});

it('the version is remembered over a restart of ingest', () => {
  const first = setUp();
  first.born('p1', '0123456789abcdef');
  const node = first.host.nodes.get('net/p1')!;
  const times = { online: true, sinceMs: 0, lastSeenMs: 0 };
  const births = packBirths(node);
  expect(nodeFromRecord({ site: 'net', gateway: 'p1', ...times, births }, OPTIONS).planVersion).toBe(
    '0123456789abcdef',
  );
});
