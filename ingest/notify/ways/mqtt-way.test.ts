import { expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { createLog } from '../../../core/log.ts';
import { FakeClock, settle } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import type { AlertEvent } from '../../alerts/alert-event.ts';
import { IngestConfig } from '../../config.ts';
import { NotifyDesk } from '../notify-desk.ts';
import { contactWish, gatewayAlert } from '../testing/alerts.ts';
import { mqttWay } from './mqtt-way.ts';

const SHOWN = contactWish({ ways: [{ kind: 'mqtt' }] });

/** What a broker has retained, by topic, as long as it is there. */
function retaining() {
  const kept = new Map<string, string>();
  const broker = { kept, isAway: false, published: 0 };
  const publish = async (topic: string, payload: string) => {
    if (broker.isAway) throw new Error('away');
    broker.published++;
    if (payload === '') kept.delete(topic);
    else kept.set(topic, payload);
  };
  return { broker, publish };
}

async function telling(folder: string, publish: (topic: string, payload: string) => Promise<void>) {
  const clock = new FakeClock();
  let events: readonly AlertEvent[] = [gatewayAlert('pump')];
  const find = (id: string) => events.find((one) => one.id === id);
  const alerts = {
    open: () => events.filter(({ clearedMs }) => clearedMs === undefined),
    peek: find,
    get: (id: string) => find(id)!,
    note: () => {},
    acknowledge: (id: string) => find(id)!,
  };
  const desk = new NotifyDesk(checkConfig(IngestConfig, {}).notify, {
    ...{ folder, clock, log: createLog('silent'), audit: { record: () => {} }, alerts },
    ways: new Map([['mqtt', mqttWay(publish)]]),
  });
  await desk.start();
  onTestFinished(() => desk.stop());
  const pass = async () => {
    for (let second = 0; second < 10; second++) {
      await clock.advance(1_000);
      await settle();
    }
  };
  return { desk, pass, now: (event: AlertEvent) => (events = [event]) };
}

it('shows an alert under one topic while it is open, wherever it has spread to, and takes it away at its end', async () => {
  const { broker, publish } = retaining();
  const { desk, pass, now } = await telling(temporaryFolder(), publish);
  desk.addContact(SHOWN, 'admin');
  await pass();
  const [topic] = [...broker.kept.keys()];
  expect(topic).toMatch(/^sluice\/alerts\/[^/]+\/pump$/);
  const open = gatewayAlert('pump');
  const elsewhere = open.causing.map((one) => ({ ...one, place: { site: 'aaa', gateway: 'gw' } }));
  now({ ...open, severity: 'critical', causing: elsewhere });
  await pass();
  expect([...broker.kept.keys()]).toEqual([topic]);
  expect(broker.kept.get(topic!)).toContain('critical');
  now(gatewayAlert('pump', { clearedMs: 5 }));
  const before = broker.published;
  await pass();
  expect([...broker.kept]).toEqual([]);
  expect(broker.published, 'once').toBe(before + 1);
});

it('takes away what it showed for a contact that has gone, once the broker is there, over a restart too', async () => {
  const { broker, publish } = retaining();
  const folder = temporaryFolder();
  const first = await telling(folder, publish);
  const shown = first.desk.addContact(SHOWN, 'admin');
  await first.pass();
  expect(broker.kept.size).toBe(1);
  broker.isAway = true;
  first.desk.dropContact(shown.id, 'admin');
  await first.pass();
  await first.desk.stop();
  broker.isAway = false;
  expect(broker.kept.size).toBe(1);
  const second = await telling(folder, publish);
  await second.pass();
  expect([...broker.kept]).toEqual([]);
});
