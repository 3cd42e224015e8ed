import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../core/clock.ts';
import { checkConfig } from '../../../core/config.ts';
import { decodeLinkRecord, totalOf } from '../../../core/links/link-record.ts';
import type { Measures } from '../../../core/links/measures.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { freeUdpPort } from '../../../core/testing/free-udp-port.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { stampReflector } from '../stamp/stamp-reflector.ts';
import { LinksConfig } from './config.ts';
import { LinksDriver } from './links-driver.ts';

async function reflector(): Promise<number> {
  const port = await freeUdpPort();
  const parts = { driver: 'stamp-reflector', listen: ['127.0.0.1', '::1'], port, counting: 'stateful' };
  const driver = stampReflector.create(checkConfig(stampReflector.schema, parts), driverContext());
  onTestFinished(() => driver.stop());
  await driver.start!(new AbortController().signal);
  return port;
}

function link(id: string, port: number, more: Record<string, unknown> = {}) {
  const probe = {
    kind: 'stamp',
    address: '127.0.0.1',
    port,
    ratePerS: 50,
    timeoutMs: 500,
    reflector: 'stateful',
    ...more,
  };
  return { link: id, class: 'intra', to: 'x', probes: [probe] };
}

function agent(links: unknown[], loop: string) {
  const context = driverContext({ clock: systemClock });
  const config = checkConfig(LinksConfig, { driver: 'links', id: 'links', recordS: 1, links, loop });
  const driver = new LinksDriver(config, context);
  onTestFinished(() => driver.stop());
  const total = (id: string): Measures =>
    totalOf({
      flows: context.outcomes
        .filter(({ device }) => device === id)
        .flatMap(({ samples }) => samples.filter(({ metric }) => metric.quantity.field === 'evidence'))
        .flatMap(({ value }) => decodeLinkRecord(value as string).flows),
    });
  return { driver, context, total };
}

test.each(['auto', 'dgram'])('over loopback, IPv4 and IPv6, by the loop %s', async (loop) => {
  const port = await reflector();
  const links = [
    link('four', port),
    link('six', port, { address: '::1', sizeBytes: 400, timestamps: 'ptp' }),
    link('name', port, { address: 'localhost' }),
    link('nobody', await freeUdpPort(), { timeoutMs: 50 }),
  ];
  const { driver, context, total } = agent(links, loop);
  await driver.start(new AbortController().signal);
  const hasRecord = (id: string) => context.outcomes.some(({ device }) => device === id);
  await eventually(() => ['four', 'six', 'name', 'nobody'].every(hasRecord));
  await driver.stop();
  for (const id of ['four', 'six', 'name']) {
    const { account, roundTrip, kernelStamped } = total(id);
    // A machine that is busy makes probes invalid or keeps them from being sent; it loses none.
    expect(account).toMatchObject({ lost: 0, late: 0 });
    expect(account.scheduled).toBeGreaterThan(15);
    expect(kernelStamped).toBe(loop === 'auto' && process.platform === 'linux' ? account.received : 0);
    if (account.received > 0) expect(roundTrip.quantile(0)).toBeLessThan(20);
  }
  expect(total('nobody').account).toMatchObject({ received: 0, late: 0 });
  expect(total('nobody').account.lost).toBeGreaterThan(0);
});

test('a source port that is taken keeps its link from being probed, with the words of the system, and no other', async () => {
  const port = await reflector();
  const taken = port;
  const { driver, total } = agent(
    [link('bound', port, { sourcePorts: [taken] }), link('free', port)],
    'auto',
  );
  await driver.start(new AbortController().signal);
  await eventually(() => expect(driver.trouble()?.message).toMatch(/bound.*EADDRINUSE/));
  await driver.stop();
  expect(total('free').account.received).toBeGreaterThan(0);
  expect(total('bound').account).toMatchObject({ received: 0, lost: 0 });
});
