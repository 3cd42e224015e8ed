import { expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { encodeLinkRecord, type LinkRecord } from '../../core/links/link-record.ts';
import type { Mesh } from '../../core/links/mesh.ts';
import { createLog } from '../../core/log.ts';
import { FakeClock, settle } from '../../core/testing/fake-clock.ts';
import type { ScanBatch } from '../stores/scan.ts';
import { recordOf } from '../testing/link-agent.ts';
import type { Condition } from './condition.ts';
import { LinkWatches } from './link-watches.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OBJECTIVE = { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 };
const A = { id: 'a', network: 'n', site: 'net', gateway: 'a' };
const LINK = { id: 'a_b', from: A, to: { ...A, id: 'b' }, objective: OBJECTIVE, probes: [{ kind: 'stamp' }] };
const MESH = { recordS: 10, links: new Map([['a_b', LINK]]) } as unknown as Mesh;
const DOWN: Condition = {
  ...{ key: 'outage:a_b', kind: 'outage', subject: 'a_b', severity: 'critical', sinceMs: 0, noticedMs: 0 },
  ...{ explains: true, words: { en: 'down', zh: '中断' } },
};

/** Of a store with a record a minute of the last ten hours, with loss in the first and at the end; it may go away while the first are read. */
function watches({ gateway = 'a', goesAway = false } = {}) {
  const clock = new FakeClock();
  const nowMs = clock.nowMs();
  const past = Array.from({ length: 600 }, (_, n): LinkRecord => {
    const fromMs = nowMs - 10 * HOUR + n * MINUTE;
    return recordOf(fromMs, fromMs + MINUTE, 60, n < 60 || n >= 570 ? 9 : 0);
  });
  const tags = { site: 'net', gateway, device: 'a_b', link: 'a_b', class: 'inter', point: 'stamp', zone: '' };
  let scans = 0;
  const links = new LinkWatches({
    ...{ clock, log: createLog('silent'), mesh: () => MESH, outageAfterS: 10 },
    store: {
      async *scan() {
        // The last hours are read first.
        const isAway = ++scans === 2 && goesAway;
        const some = isAway ? past.slice(0, 60) : past;
        const texts = new Map(some.map((one, row) => [row, encodeLinkRecord(one)]));
        yield { series: tags, timeMs: some.map(({ toMs }) => toMs), texts } as unknown as ScanBatch;
        if (isAway) throw new SluiceError('STORE_UNAVAILABLE', { reason: 'away' });
      },
    },
  });
  const remember = async () => {
    links.remember();
    await settle();
  };
  const share = () => links.figures(LINK as never, nowMs, [])?.share('loss', 12 * HOUR);
  return { links, nowMs, remember, share };
}

const before = (key: string) => (key === DOWN.key ? DOWN : undefined);

it('knows nothing before the past is read: what was wrong is taken to be so still', async () => {
  const { links, nowMs, remember, share } = watches();
  expect(share()).toBeUndefined();
  expect(links.conditions(before, nowMs, [])).toEqual([DOWN]);
  await remember();
  expect(links.conditions(before, nowMs, []).map(({ kind }) => kind)).toEqual(['loss']);
  expect(links.seen('a_b', nowMs)).toBe('up');
  await links.stop();
});

it('reads it again until that has worked, and counts nothing twice', async () => {
  const { links, remember, share } = watches();
  await remember();
  const right = share();
  expect(right).toBeDefined();
  const broken = watches({ goesAway: true });
  await broken.remember();
  expect(broken.share(), 'half of it is known').not.toEqual(right);
  await broken.remember();
  expect(broken.share()).toEqual(right);
  await links.stop();
  await broken.links.stop();
});

it('believes only who is to measure a link', async () => {
  const { links, nowMs, remember } = watches({ gateway: 'stranger' });
  await remember();
  expect(links.conditions(() => undefined, nowMs, [])).toEqual([]);
  expect(links.seen('a_b', nowMs)).toBe('unknown');
  await links.stop();
});
