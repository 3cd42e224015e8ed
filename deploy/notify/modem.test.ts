import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { checkConfig } from '../../core/config.ts';
import type { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { fastClock } from '../../core/testing/fast-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { SimulatedModem } from '../../firmware-sim/modem/simulated-modem.ts';
import { IngestConfig } from '../../ingest/config.ts';
import { NotifyDesk } from '../../ingest/notify/notify-desk.ts';
import { encodeSubmit } from '../../ingest/notify/sms/encode-submit.ts';
import { GsmModem } from '../../ingest/notify/sms/gsm-modem.ts';
import { contactWish, gatewayAlert } from '../../ingest/notify/testing/alerts.ts';
import { createWays } from '../../ingest/notify/ways/ways.ts';
import { textOf } from './text-of.ts';

/** A modem is given seconds to answer, and this one does so at once. */
const TIMES = 20;

async function plugged(): Promise<SimulatedModem> {
  const modem = new SimulatedModem(join(temporaryFolder(), 'modem'), systemClock);
  await modem.plug();
  onTestFinished(() => modem.unplug());
  return modem;
}

describe('a GSM modem', () => {
  async function reached(modem: SimulatedModem): Promise<GsmModem> {
    const log = createLog('silent');
    const gsm = new GsmModem({
      ...{ path: modem.path, baudRate: 115_200, pin: undefined, clock: fastClock(TIMES), log },
    });
    gsm.start();
    onTestFinished(() => gsm.stop());
    return gsm;
  }

  test('that is unplugged fails what it has, says so, and goes on once it is back', async () => {
    const modem = await plugged();
    const gsm = await reached(modem);
    await eventually(() => !gsm.trouble());
    expect(gsm.signalDbm).toBe(-73);
    modem.faults.slowMs = 60_000;
    const cut = gsm
      .send('one', encodeSubmit('+8613800138000', 'one', 1))
      .catch((error: SluiceError) => error);
    await modem.unplug();
    expect(await cut).toMatchObject({ code: 'MODEM_UNUSABLE', retryable: true });
    await eventually(() => /not plugged in/.test(gsm.trouble()?.message ?? ''));
    modem.faults.slowMs = 0;
    await modem.plug();
    await eventually(() => !gsm.trouble());
    await gsm.send('two', encodeSubmit('+8613800138000', '水'.repeat(100), 2));
    expect(textOf(modem)).toBe('水'.repeat(100));
  });

  test('that is stuck is restarted', async () => {
    const modem = await plugged();
    modem.faults.isStuck = true;
    const gsm = await reached(modem);
    await eventually(() => /does not answer/.test(gsm.trouble()?.message ?? ''));
    await eventually(() => !gsm.trouble());
    expect(modem.restarts).toBe(1);
  });
});

test('SMS go on after a modem that was stuck, and one whose line died unnoticed', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'pin'), '1234', { mode: 0o600 });
  const modem = await plugged();
  modem.faults.sim = 'pin';
  // Started after the pseudo-terminal, it holds the other end too: so nobody is told when the line is dead.
  const holder = spawn('sleep', ['600']);
  onTestFinished(async () => {
    holder.kill();
    await once(holder, 'exit');
  });
  const { notify } = checkConfig(IngestConfig, { notify: { sms: { path: modem.path, pinFile: 'pin' } } });
  const parts = { clock: fastClock(TIMES), log: createLog('silent') };
  const event = gatewayAlert('pump');
  const alerts = { peek: () => event, get: () => event, acknowledge: () => event, note: () => {} };
  const desk = new NotifyDesk(notify, {
    ...{ ...parts, folder, audit: { record: () => {} } },
    alerts: { ...alerts, open: () => [] },
    ways: createWays(notify, { ...parts, configFolder: folder, publish: async () => {} }),
  });
  await desk.start();
  onTestFinished(() => desk.stop());
  const { id } = desk.addContact(contactWish({ ways: [{ kind: 'sms', to: '+8613800138000' }] }), 'admin');
  const told = (count: number) => {
    const deliveries = desk.deliveries({ limit: 9 });
    return deliveries.length === count && deliveries.every(({ state }) => state === 'sent');
  };
  desk.test(id, 'admin');
  await eventually(() => told(1));
  modem.faults.isStuck = true;
  desk.test(id, 'admin');
  await eventually(() => told(2));
  expect(modem.pinTries, 'a SIM wants its PIN again after a restart').toBe(2);
  await modem.unplug();
  desk.test(id, 'admin');
  await eventually(() => desk.deliveries({ limit: 9 })[0]?.error !== undefined);
  await modem.plug();
  await eventually(() => told(3));
  expect(modem.sent).toHaveLength(3);
});
