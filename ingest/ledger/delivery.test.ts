import { describe, expect, it, onTestFinished } from 'vitest';
import type { Completeness } from '../../core/completeness.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { LEDGER, LedgerGateway } from '../testing/ledger-gateway.ts';
import { TestBroker } from '../testing/test-broker.ts';

const COMPLETENESS = '/api/v1/gateways/farm/pump-house/completeness';

async function farm(settings: object = {}) {
  const broker = new TestBroker(await freePort());
  await broker.start();
  onTestFinished(() => broker.stop());
  const config = { broker: { url: broker.url }, http: { port: 0, signIn: 'off' }, ...settings };
  const ingest = new IngestProcess(temporaryFolder(), config);
  await ingest.start();
  const gateway = await LedgerGateway.connect(broker.url);
  onTestFinished(() => gateway.end());
  gateway.born();
  const account = () => ingest.get<Completeness>(COMPLETENESS);
  return { broker, ingest, gateway, account };
}

type Farm = Awaited<ReturnType<typeof farm>>;

/** Reads back what the store has: the time of each reading by its value. */
async function storedReadings(ingest: IngestProcess, fromMs: number): Promise<Map<number, number>> {
  const query = `/api/v1/query?measurement=soil&field=ec&from=${fromMs}&to=${fromMs + 86_400_000}`;
  const { series } = await ingest.get<{ series: { timeMs: number[]; value: number[] }[] }>(query);
  const found = new Map<number, number>();
  for (const { timeMs, value } of series)
    for (const [at, one] of value.entries()) found.set(one, timeMs[at]!);
  return found;
}

async function surviveKills({ ingest, gateway, account }: Farm): Promise<void> {
  const startMs = Date.now() - 3_600_000;
  let isSending = true;
  const sending = (async () => {
    while (isSending) {
      // As a gateway does, whose window is full: a slow start of ingest must not use up the values that are told apart.
      if (gateway.next - gateway.confirmed.size < 8_000) gateway.readings(20, startMs);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  for (let kill = 1; kill <= 3; kill++) {
    const before = gateway.confirmed.size;
    await eventually(
      () => {
        if (gateway.next - gateway.confirmed.size >= 8_000) gateway.repeatUnconfirmed();
        return gateway.confirmed.size > before + 1_000;
      },
      { everyMs: 500 },
    );
    await ingest.kill();
    const vouchedFor = [...gateway.confirmed];
    await ingest.start();
    const stored = await storedReadings(ingest, startMs);
    const missing = vouchedFor.filter((number) => stored.get(number) !== startMs + number);
    expect(missing, `after kill ${kill}`).toEqual([]);
  }
  isSending = false;
  await sending;
  await eventually(async () => {
    gateway.repeatUnconfirmed();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return gateway.confirmed.size === gateway.next;
  });
  const stored = await storedReadings(ingest, startMs);
  expect(stored.size).toBe(gateway.next);
  expect(await account()).toMatchObject({
    ledger: LEDGER,
    produced: gateway.next,
    stored: gateway.next,
    rejected: 0,
    inFlight: 0,
    share: 1,
    missing: [],
  });
}

describe('delivery, end to end', () => {
  it('confirms what the store has or never will, and nothing else', async () => {
    const { gateway, account } = await farm();
    const startMs = Date.now() - 60_000;
    gateway.readings(20, startMs, [1, 2, 99_999, 4]);
    await eventually(() => gateway.confirmed.size === 20);
    const missing = gateway.next;
    gateway.next += 20;
    gateway.readings(20, startMs);
    gateway.dropped(gateway.next, 5, startMs, startMs + 5_000);
    gateway.event({ kind: 'nonsense' });
    await eventually(() => gateway.confirmed.size === 46);
    expect(gateway.confirmed.has(missing)).toBe(false);
    expect(await account()).toMatchObject({
      produced: 66,
      stored: 39,
      rejected: 2,
      rejectedByCode: { VALUE_OUT_OF_RANGE: 1, EVENT_INVALID: 1 },
      dropped: 5,
      inFlight: 20,
      missing: [
        { first: 20, last: 39, readings: 20, reason: 'awaited' },
        { first: 60, last: 64, reason: 'dropped' },
      ],
    });
  });

  it('does not confirm what it could not read for want of a birth, and stores it when it comes again', async () => {
    const { gateway, account, ingest } = await farm();
    const startMs = Date.now() - 60_000;
    gateway.readings(20, startMs);
    await eventually(() => gateway.confirmed.size === 20);
    await ingest.kill();
    await ingest.start();
    gateway.readings(20, startMs);
    await eventually(() => gateway.rebirths === 1);
    expect(gateway.confirmed.size).toBe(20);
    gateway.repeatUnconfirmed();
    await eventually(() => gateway.confirmed.size === 40);
    expect(await account()).toMatchObject({ produced: 40, stored: 40, inFlight: 0 });
  });

  it('keeps what is confirmed through kill -9, in the embedded store', async () => {
    await surviveKills(await farm());
  });
});

describe('a command, end to end', () => {
  const body = {
    ...{
      site: 'farm',
      gateway: 'pump-house',
      device: 'valves',
      measurement: 'irrigation',
      field: 'valve_state',
    },
    ...{ point: 'v1', value: true, leaseS: 600, issuer: 'operator' },
  };
  const outcome = (command: unknown) => ({
    ...{ id: 'e1', kind: 'command', command, outcome: 'applied', device: 'valves', timeMs: Date.now() },
    ...{
      metric: 'irrigation/valve_state/v1',
      value: true,
      issuer: 'api:operator',
      leaseEndsMs: 1_900_000_000_000,
    },
  });

  it('that was taken before kill -9 goes on afterwards, and its answer is kept though it came twice', async () => {
    const { ingest, gateway } = await farm();
    await eventually(async () => {
      const { gateways } = await ingest.get<{ gateways: { devices: { device: string }[] }[] }>(
        '/api/v1/gateways',
      );
      return gateways[0]?.devices.some(({ device }) => device === 'valves');
    });
    const posted = await ingest.post('/api/v1/commands', body);
    expect(posted).toMatchObject({ status: 202, body: { state: 'pending', issuer: 'api:operator' } });
    const { id } = posted.body;
    await ingest.kill();
    const before = gateway.commands.length;
    await ingest.start();
    await eventually(() => gateway.commands.length > before);
    expect(gateway.commands.at(-1)!.properties).toMatchObject({ commandId: id, leaseMs: 600_000 });
    gateway.born();
    gateway.event(outcome(id));
    await eventually(() => gateway.confirmed.has(0));
    await ingest.kill();
    await ingest.start();
    gateway.born();
    gateway.repeat(0);
    gateway.event(outcome(id));
    await eventually(() => gateway.confirmed.has(1));
    expect(await ingest.get(`/api/v1/commands/${id}`)).toMatchObject({
      ...{ state: 'applied', leaseS: 600, leaseEndsMs: 1_900_000_000_000 },
    });
    const { events } = await ingest.get<{ events: unknown[] }>('/api/v1/events?kind=command&site=farm');
    expect(events).toMatchObject([
      { site: 'farm', gateway: 'pump-house', event: { id: 'e1', outcome: 'applied' } },
    ]);
  });

  it('that is wrong is refused with words that help', async () => {
    const { ingest } = await farm();
    const wrong = async (change: object) => {
      const { status, body: said } = await ingest.post('/api/v1/commands', { ...body, ...change });
      return `${status} ${said.code} ${(said.details as { field?: string } | undefined)?.field ?? ''}`.trim();
    };
    await eventually(async () => (await wrong({ value: 5 })) === '400 COMMAND_VALUE_IMPOSSIBLE');
    expect(await wrong({ value: 'open' })).toBe('400 REQUEST_INVALID value');
    expect(await wrong({ wrong: 1 })).toBe('400 REQUEST_INVALID wrong');
    expect(await wrong({ metric: 'irrigation/valve_state/v1' })).toBe('400 REQUEST_INVALID metric');
    expect(await wrong({ leaseS: 0 })).toBe('400 COMMAND_LEASE_INVALID');
    expect(await wrong({ gateway: 'nowhere' })).toBe('404 COMMAND_TARGET_UNKNOWN');
  });
});

describeWith('influxd')('delivery, end to end, with InfluxDB', () => {
  it('keeps what is confirmed through kill -9', async () => {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.stop());
    await surviveKills(await farm({ store: { kind: 'influx', url: influxd.url, database: 'farm' } }));
  });
});
