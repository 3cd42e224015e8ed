import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { DEBIAN_PYTHON, describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { SimulatedModem } from '../../firmware-sim/modem/simulated-modem.ts';
import { WebhookSink } from '../bench/webhook-sink.ts';
import { CertificateFolder } from '../certs/certificate-folder.ts';
import { textOf } from './text-of.ts';
import { SECRET, ToldIngest } from './told-ingest.ts';

// Processes take seconds to start: what can be told by one is told by one.
const WEBHOOK = { webhook: { secrets: { default: 'secret' } } };

async function sinkOn(port = 0): Promise<WebhookSink> {
  const sink = new WebhookSink(SECRET);
  await sink.start(port);
  onTestFinished(() => sink.stop());
  return sink;
}

describe('a webhook', () => {
  test('is told of the beginning and the end, signed, once over kill -9 between raise and delivery and after it', async () => {
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
    const sink = await sinkOn(port);
    await told.ingest.start();
    await eventually(() => sink.hooks.length === 1);
    const { body, ...raised } = sink.hooks[0]!;
    expect(raised).toMatchObject({ idempotencyKey: waiting!.id, isSigned: true });
    expect(body.alerts).toMatchObject([{ what: 'raised', kind: 'gateway', key: 'gateway:farm/pump-house' }]);
    expect(body.text).toMatch(
      /^【警告】.*farm\/pump-house.*起失联。\nhttps:\/\/farm\.example\/#\/alerts\/.+$/s,
    );
    await eventually(async () => (await told.deliveries())[0]!.state === 'sent');
    await told.ingest.kill();
    await told.ingest.start();
    // What is told next is the end, and nothing of the beginning came before it.
    await told.back();
    await eventually(() => sink.hooks.length === 2);
    expect(sink.hooks.map((hook) => hook.body.alerts[0]!.what)).toEqual(['raised', 'cleared']);
    await eventually(async () => (await told.deliveries()).every(({ state }) => state === 'sent'));
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

describeWith('python3-aiosmtpd', 'mosquitto_sub')('mail, MQTT and SMS', () => {
  test('tell of the beginning and the end, and of a webhook that redirects and so gets nothing', async () => {
    const redirecting = await sinkOn();
    redirecting.status = 302;
    const modem = new SimulatedModem(join(temporaryFolder(), 'modem'), systemClock);
    Object.assign(modem.faults, { sim: 'pin', isNoisy: true, slowMs: 20, errors: [38] });
    await modem.plug();
    onTestFinished(() => modem.unplug());
    let server: Awaited<ReturnType<typeof mailServer>> | undefined;
    const told = await ToldIngest.start(async (folder) => {
      server = await mailServer(folder);
      writeFileSync(join(folder, 'mail-password'), 'pass word\n', { mode: 0o600 });
      writeFileSync(join(folder, 'pin'), '1234', { mode: 0o600 });
      const login = { username: 'sluice', passwordFile: 'mail-password', from: 'sluice@farm.example' };
      const mail = { host: 'localhost', port: server.port, caFile: 'ca.pem', ...login };
      return { ...WEBHOOK, mail, sms: { path: modem.path, pinFile: 'pin' } };
    });
    const unreached = await told.contact([{ kind: 'webhook', to: redirecting.url }]);
    await told.contact([
      { kind: 'mail', to: 'li@farm.example' },
      { kind: 'mqtt' },
      { kind: 'sms', to: '+8613800138000' },
    ]);
    const heard = await listen(told.broker.port);
    const mails = (of: RegExp) => server!.mails().filter(({ subject }) => of.test(String(subject)));
    told.vanish();

    const [mail] = await eventually(() => mails(/pump-house/).length > 0 && mails(/pump-house/));
    const all = await told.deliveries();
    const ids = all.filter(({ way }) => way === 'mail').map(({ id }) => `<${id}@farm.example>`);
    expect(ids).toContain(mail!.id);
    expect(mail).toMatchObject({
      ...{ to: ['li@farm.example'], auto: 'auto-generated', tls: true },
      subject: expect.stringMatching(/^Sluice: 【警告】.*farm\/pump-house/),
      text: expect.stringMatching(/https:\/\/farm\.example\/#\/alerts\//),
    });

    const lines = () => heard.lines().filter((line) => line.includes('pump-house') || line.endsWith('|'));
    await eventually(() => lines().length > 0);
    const [topic, flags, text = ''] = lines()[0]!.split('|');
    expect([topic?.replace(/[^/]+$/, 'ID'), flags]).toEqual(['sluice/alerts/farm/ID', '1 0']);
    expect(JSON.parse(text)).toMatchObject({
      what: 'raised',
      subject: 'farm/pump-house',
      severity: 'warning',
    });
    const later = await listen(told.broker.port);
    await eventually(() => later.lines().some((line) => line.startsWith(`${topic}|1 1|{`)));

    const refused = await eventually(async () =>
      (await told.deliveries()).find(({ error }) => error?.code === 'DELIVERY_REFUSED'),
    );
    expect(refused.error!.message).toMatch(/redirects are not followed/);
    expect(redirecting.hooks).toHaveLength(1);
    await eventually(() => heard.lines().some((line) => line.includes(`"delivery:${unreached.id}/webhook"`)));
    await eventually(() => mails(/webhook/).length > 0);

    const sms = await eventually(() => textOf(modem));
    expect(sms).toMatch(/farm\/pump-house.*起失联。\nhttps:\/\/farm\.example\/#\/alerts$/s);
    expect(modem.sent[0]).toMatchObject({ to: '+8613800138000', coding: 'ucs-2' });
    expect(modem.pinTries).toBe(1);
    const first = await eventually(async () =>
      (await told.deliveries()).findLast(({ way, state }) => way === 'sms' && state === 'sent'),
    );
    expect(first.tries, 'the network was out of order once').toBe(2);

    await told.back();
    await eventually(() => lines().includes(`${topic}|1 0|`));
    await eventually(() => mails(/已恢复.*pump-house/).length > 0);
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
