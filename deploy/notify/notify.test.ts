import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import type { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { DEBIAN_PYTHON, describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { SimulatedModem } from '../../firmware-sim/modem/simulated-modem.ts';
import { encodeSubmit } from '../../ingest/notify/sms/encode-submit.ts';
import { GsmModem } from '../../ingest/notify/sms/gsm-modem.ts';
import { WebhookSink } from '../bench/webhook-sink.ts';
import { CertificateFolder } from '../certs/certificate-folder.ts';
import { SECRET, ToldIngest } from './told-ingest.ts';

/** The modem is given its time to answer, and to come back, by a real clock. */
const WITHIN = { withinMs: 60_000 };
const WEBHOOK = { webhook: { secrets: { default: 'secret' } } };

describe('a webhook', () => {
  test('is told of the beginning and the end, signed', async () => {
    const sink = new WebhookSink(SECRET);
    await sink.start();
    onTestFinished(() => sink.stop());
    const told = await ToldIngest.start(() => WEBHOOK);
    await told.contact([{ kind: 'webhook', to: sink.url }]);
    told.vanish();
    await eventually(() => sink.hooks.length === 1);
    const [{ body, isSigned } = { body: undefined, isSigned: false }] = sink.hooks;
    expect(isSigned).toBe(true);
    expect(body?.alerts).toMatchObject([{ what: 'raised', kind: 'gateway', key: 'gateway:farm/pump-house' }]);
    expect(body?.text).toMatch(
      /^【警告】.*farm\/pump-house.*起失联。\nhttps:\/\/farm\.example\/#\/alerts\/.+$/s,
    );
    await told.back();
    await eventually(() => sink.hooks.length === 2);
    expect(sink.hooks[1]!.body.alerts).toMatchObject([{ what: 'cleared' }]);
    expect((await told.deliveries()).map(({ state }) => state)).toEqual(['sent', 'sent']);
  });

  test('is told once over kill -9 between raise and delivery, and after it', async () => {
    const port = await freePort();
    const told = await ToldIngest.start(() => WEBHOOK);
    await told.contact([{ kind: 'webhook', to: `http://127.0.0.1:${port}/` }]);
    told.vanish();
    const [waiting] = await eventually(async () => {
      const found = await told.deliveries();
      return found.length === 1 && found[0]!.tries > 0 && found;
    });
    expect(waiting).toMatchObject({ state: 'waiting', error: { code: 'DELIVERY_FAILED' } });
    await told.ingest.kill();
    const sink = new WebhookSink(SECRET);
    await sink.start(port);
    onTestFinished(() => sink.stop());
    await told.ingest.start();
    await eventually(() => sink.hooks.length === 1);
    expect(sink.hooks[0]).toMatchObject({ idempotencyKey: waiting!.id, isSigned: true });
    await eventually(async () => (await told.deliveries())[0]!.state === 'sent');
    await told.ingest.kill();
    await told.ingest.start();
    // What is told next is the end, and nothing of the beginning came before it.
    await told.back();
    await eventually(() => sink.hooks.length === 2);
    expect(sink.hooks.map(({ body }) => body.alerts[0]!.what)).toEqual(['raised', 'cleared']);
  });

  test('that redirects is not followed, and the others are told that it gets nothing', async () => {
    const broken = new WebhookSink(SECRET);
    const other = new WebhookSink(SECRET);
    broken.status = 302;
    for (const sink of [broken, other]) {
      await sink.start();
      onTestFinished(() => sink.stop());
    }
    const told = await ToldIngest.start(() => WEBHOOK);
    const unreached = await told.contact([{ kind: 'webhook', to: broken.url }]);
    await told.contact([{ kind: 'webhook', to: other.url }], { language: 'en', name: 'other' });
    told.vanish();
    await eventually(() => other.hooks.length > 0);
    const refused = await eventually(async () =>
      (await told.deliveries()).find(({ state }) => state === 'failed'),
    );
    expect(refused.error).toMatchObject({ code: 'DELIVERY_REFUSED' });
    expect(refused.error!.message).toMatch(/redirects are not followed/);
    expect(broken.hooks).toHaveLength(1);
    const heard = () => other.hooks.flatMap(({ body }) => body.alerts.map(({ key }) => key));
    await eventually(() => heard().some((key) => key === `delivery:${unreached.id}/webhook`), WITHIN);
  });
});

/** Debian's aiosmtpd, with a certificate and a password, which prints each mail as one line of JSON. */
async function mailServer(folder: string) {
  const port = await freePort();
  const certs = new CertificateFolder(folder, Date.now());
  await certs.make('authority', 'ca');
  await certs.make('server', 'server', ['localhost', '127.0.0.1']);
  const script = `
import json, ssl, sys, time
from email import message_from_bytes, policy
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        print(json.dumps({'to': envelope.rcpt_tos, 'subject': mail['subject'], 'id': mail['message-id'],
            'auto': mail['auto-submitted'], 'text': mail.get_content(), 'tls': session.ssl is not None}), flush=True)
        return '250 OK'
def check(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b'sluice', b'pass word'))
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain('${folder}/server.pem', '${folder}/server-key.pem')
Controller(Handler(), hostname='127.0.0.1', port=${port}, tls_context=tls, require_starttls=True,
    auth_required=True, authenticator=check).start()
print('up', flush=True)
time.sleep(600)
`;
  const child = spawn(DEBIAN_PYTHON, ['-c', script]);
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(output);
    return output.includes('up\n');
  });
  return {
    port,
    mails: () =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describeWith('python3-aiosmtpd')('mail', () => {
  test('is sent with STARTTLS and a password, in Chinese, with a link', async () => {
    let server: Awaited<ReturnType<typeof mailServer>> | undefined;
    const told = await ToldIngest.start(async (folder) => {
      server = await mailServer(folder);
      writeFileSync(join(folder, 'mail-password'), 'pass word\n', { mode: 0o600 });
      const login = { username: 'sluice', passwordFile: 'mail-password', from: 'sluice@farm.example' };
      return { mail: { host: 'localhost', port: server.port, caFile: 'ca.pem', ...login } };
    });
    await told.contact([{ kind: 'mail', to: 'li@farm.example' }]);
    told.vanish();
    const [mail] = await eventually(() => server!.mails().length > 0 && server!.mails());
    const [delivery] = await eventually(async () => {
      const found = await told.deliveries();
      return found[0]?.state === 'sent' && found;
    });
    expect(mail).toMatchObject({
      ...{ to: ['li@farm.example'], id: `<${delivery!.id}@farm.example>`, auto: 'auto-generated', tls: true },
      subject: expect.stringMatching(/^Sluice: 【警告】.*farm\/pump-house/),
      text: expect.stringMatching(/https:\/\/farm\.example\/#\/alerts\//),
    });
  });
});

describeWith('mosquitto_sub')('MQTT', () => {
  test('keeps what is open for whoever subscribes, and takes it away when it is over', async () => {
    const told = await ToldIngest.start(() => ({}));
    await told.contact([{ kind: 'mqtt' }]);
    told.vanish();
    await eventually(async () => (await told.deliveries())[0]?.state === 'sent');
    const heard = await listen(told.broker.port);
    await eventually(() => heard.lines().length === 1);
    const [topic, flags, text = ''] = heard.lines()[0]!.split('|');
    expect([topic?.replace(/[^/]+$/, 'ID'), flags]).toEqual(['sluice/alerts/farm/ID', '1 1']);
    expect(JSON.parse(text)).toMatchObject({
      what: 'raised',
      subject: 'farm/pump-house',
      severity: 'warning',
    });
    await told.back();
    await eventually(() => heard.lines().length === 2);
    expect(heard.lines()[1]).toBe(`${topic}|1 0|`);
  });
});

async function listen(port: number) {
  const child = spawn('mosquitto_sub', [
    ...['-p', String(port), '-q', '1', '-t', 'sluice/alerts/#', '-F', '%t|%q %r|%p'],
  ]);
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return { lines: () => output.split('\n').filter((line) => line !== '') };
}

describe('a GSM modem', () => {
  test('sends what is wrong in Chinese, through noise, a PIN and a network that is out of order once', async () => {
    const modem = new SimulatedModem(join(temporaryFolder(), 'modem'), systemClock);
    modem.faults.sim = 'pin';
    modem.faults.isNoisy = true;
    modem.faults.slowMs = 20;
    await modem.plug();
    onTestFinished(() => modem.unplug());
    const told = await ToldIngest.start((folder) => {
      writeFileSync(join(folder, 'pin'), '1234', { mode: 0o600 });
      return { sms: { path: modem.path, pinFile: 'pin' } };
    });
    await told.contact([{ kind: 'sms', to: '+8613800138000' }]);
    modem.faults.errors.push(38);
    told.vanish();
    const text = await eventually(() => textOf(modem));
    expect(text).toMatch(/^【警告】.*farm\/pump-house.*起失联。\nhttps:\/\/farm\.example\/#\/alerts$/s);
    expect(modem.sent.length).toBeLessThanOrEqual(2);
    expect(modem.sent[0]).toMatchObject({ to: '+8613800138000', coding: 'ucs-2' });
    expect(modem.pinTries).toBe(1);
    await eventually(async () => (await told.deliveries())[0]?.state === 'sent');
    expect((await told.deliveries())[0]!.tries, 'the network was out of order once').toBe(2);
  });

  test('that is unplugged fails what it has, says so, and goes on once it is back', async () => {
    const modem = new SimulatedModem(join(temporaryFolder(), 'modem'), systemClock);
    await modem.plug();
    onTestFinished(() => modem.unplug());
    const log = createLog('silent');
    const gsm = new GsmModem({
      ...{ path: modem.path, baudRate: 115_200, pin: undefined, clock: systemClock, log },
    });
    gsm.start();
    onTestFinished(() => gsm.stop());
    await eventually(() => !gsm.trouble(), WITHIN);
    expect(gsm.signalDbm).toBe(-73);
    modem.faults.slowMs = 60_000;
    const cut = gsm
      .send('one', encodeSubmit('+8613800138000', 'one', 1))
      .catch((error: SluiceError) => error);
    await modem.unplug();
    expect(await cut).toMatchObject({ code: 'MODEM_UNUSABLE', retryable: true });
    expect(gsm.trouble()?.message).toMatch(/not plugged in/);
    modem.faults.slowMs = 0;
    await modem.plug();
    await eventually(() => !gsm.trouble(), WITHIN);
    await gsm.send('two', encodeSubmit('+8613800138000', '水'.repeat(100), 2));
    expect(textOf(modem)).toBe('水'.repeat(100));
  });

  test('that is stuck is restarted', async () => {
    const modem = new SimulatedModem(join(temporaryFolder(), 'modem'), systemClock);
    await modem.plug();
    onTestFinished(() => modem.unplug());
    modem.faults.isStuck = true;
    const log = createLog('silent');
    const gsm = new GsmModem({
      ...{ path: modem.path, baudRate: 115_200, pin: undefined, clock: systemClock, log },
    });
    gsm.start();
    onTestFinished(() => gsm.stop());
    await eventually(() => modem.restarts === 1, WITHIN);
    expect(gsm.trouble()?.message).toMatch(/does not answer/);
    await eventually(() => !gsm.trouble(), WITHIN);
  });
});

describe('SMS on the real process', () => {
  test('go on after a modem that was stuck, and one whose line died unnoticed', async () => {
    const modem = new SimulatedModem(join(temporaryFolder(), 'modem'), systemClock);
    modem.faults.sim = 'pin';
    await modem.plug();
    onTestFinished(() => modem.unplug());
    const told = await ToldIngest.start((folder) => {
      writeFileSync(join(folder, 'pin'), '1234', { mode: 0o600 });
      return { sms: { path: modem.path, pinFile: 'pin' } };
    });
    await told.contact([{ kind: 'sms', to: '+8613800138000' }]);
    const sent = async (count: number) => {
      const deliveries = await told.deliveries();
      return deliveries.length === count && deliveries.every(({ state }) => state === 'sent');
    };
    told.vanish();
    await eventually(() => sent(1), WITHIN);
    modem.faults.isStuck = true;
    await told.back();
    await eventually(() => sent(2), WITHIN);
    expect(modem.pinTries, 'a SIM wants its PIN again after a restart').toBe(2);
    // Ingest was started after the pseudo-terminal and holds its other end too: so it is not told that the line is dead.
    await modem.unplug();
    told.vanish();
    await eventually(async () => (await told.deliveries())[0]?.error !== undefined, WITHIN);
    await modem.plug();
    await eventually(() => sent(3), { withinMs: 100_000 });
  });
});

/** Of all parts put together, once they are all there. */
function textOf({ sent }: SimulatedModem): string | undefined {
  const of = sent[0]?.part?.of ?? 1;
  return sent.length < of || sent.length === 0 ? undefined : sent.map(({ text }) => text).join('');
}
