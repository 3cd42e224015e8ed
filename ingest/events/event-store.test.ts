import { expect, it, onTestFinished } from 'vitest';
import type { GatewayEvent } from '../../core/gateway-event.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { EventStore } from './event-store.ts';

const clock = new FakeClock();
const NOW = clock.nowMs();

async function opened(config = { keepDays: 400, most: 1_000_000 }, folder = temporaryFolder()) {
  const store = new EventStore(config, { folder, clock });
  await store.start();
  onTestFinished(() => store.stop());
  const keep = (...events: (Partial<GatewayEvent> & { gateway?: string })[]) =>
    store.keep(
      events.map(({ gateway = 'g', ...change }) => {
        const event = {
          ...{ id: 'e', kind: 'condition', condition: 'started', isRaised: true, timeMs: NOW },
          ...{ reason: { en: 'started', zh: '启动' }, ...change },
        } as GatewayEvent;
        return { site: 'farm', gateway, event, text: JSON.stringify(event) };
      }),
    );
  const ids = (filter: object = {}) => store.find({ limit: 100, ...filter }).map(({ event }) => event.id);
  return { store, keep, ids, folder };
}

it('keeps one of each id and gateway, and says what was new', async () => {
  const { keep, ids } = await opened();
  expect(keep({ id: 'a' }, { id: 'a', timeMs: 5 }, { id: 'a', gateway: 'other' })).toHaveLength(2);
  expect(keep({ id: 'a' })).toEqual([]);
  expect(ids()).toEqual(['a', 'a']);
});

it('lists the newest first, page by page, by gateway, kind and time', async () => {
  const { store, keep, ids } = await opened();
  for (let n = 0; n < 5; n++) keep({ id: `e${n}`, timeMs: NOW + Math.floor(n / 2) });
  keep({ id: 'late', timeMs: NOW - 1_000, gateway: 'other' });
  expect(ids()).toEqual(['e4', 'e3', 'e2', 'e1', 'e0', 'late']);
  const pages: string[][] = [];
  for (let after = {}; ; ) {
    const page = store.find({ limit: 2, ...after });
    if (page.length === 0) break;
    pages.push(page.map(({ event }) => event.id));
    after = { after: page.at(-1)!.place };
  }
  expect(pages).toEqual([
    ['e4', 'e3'],
    ['e2', 'e1'],
    ['e0', 'late'],
  ]);
  expect(ids({ gateways: ['other'] })).toEqual(['late']);
  expect(ids({ fromMs: NOW, toMs: NOW + 1 })).toEqual(['e1', 'e0']);
  expect(ids({ kind: 'safety' })).toEqual([]);
});

it('keeps no more than it may, and nothing older than it should', async () => {
  const { keep, ids } = await opened({ keepDays: 1, most: 1_000 });
  keep({ id: 'old', timeMs: NOW - 2 * 86_400_000 });
  keep(...Array.from({ length: 1_500 }, (_, n) => ({ id: `e${n}` })));
  expect(ids({ limit: 5_000 }).length).toBeLessThanOrEqual(1_000);
  expect(ids({ limit: 5_000 })).not.toContain('old');
});

it('has them again after a restart', async () => {
  const { store, keep, folder } = await opened();
  keep({ id: 'a' });
  await store.stop();
  const { ids } = await opened(undefined, folder);
  expect(ids()).toEqual(['a']);
});
