import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { DEBIAN_PYTHON, describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestConfig } from '../../ingest/config.ts';
import { contact, gatewayAlert } from '../../ingest/notify/testing/alerts.ts';
import { mailWay } from '../../ingest/notify/ways/mail-way.ts';
import type { Outgoing } from '../../ingest/notify/ways/way.ts';
import { CertificateFolder } from '../certs/certificate-folder.ts';

interface Received {
  readonly to: readonly string[];
  readonly raw: string;
}

/** Debian's aiosmtpd: with TLS from the first byte, the same under a name that is not its own, and without any TLS. */
async function mailServers(folder: string) {
  const [tls, other, plain] = [await freePort(), await freePort(), await freePort()];
  const certs = new CertificateFolder(folder, Date.now());
  await certs.make('authority', 'ca');
  await certs.make('server', 'server', ['localhost', '127.0.0.1']);
  await certs.make('server', 'other', ['elsewhere.example']);
  const script = `
import json, ssl, time
from aiosmtpd.controller import Controller
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({'to': envelope.rcpt_tos, 'raw': envelope.content.decode('latin1')}), flush=True)
        return '250 OK'
def tls(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain('${folder}/%s.pem' % name, '${folder}/%s-key.pem' % name)
    return context
Controller(Handler(), hostname='127.0.0.1', port=${tls}, ssl_context=tls('server')).start()
Controller(Handler(), hostname='127.0.0.1', port=${other}, ssl_context=tls('other')).start()
Controller(Handler(), hostname='127.0.0.1', port=${plain}).start()
print('up', flush=True)
time.sleep(600)
`;
  const child = spawn(DEBIAN_PYTHON, ['-c', script]);
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await eventually(() => output.includes('up\n'));
  const last = async (count: number) => {
    const lines = () => output.split('\n').filter((line) => line.startsWith('{'));
    await eventually(() => lines().length === count);
    return JSON.parse(lines().at(-1)!) as Received;
  };
  return { tls, other, plain, last };
}

function mail(to: string, en = 'Gateway farm/pump is silent.', from?: string): Outgoing {
  const item = { alert: 'pump', severity: 'warning', timeMs: 1, ...(from && { from }) } as const;
  const entry = { ...item, what: from ? 'escalated' : 'raised' } as const;
  return {
    delivery: {
      ...{ id: 'd1', contact: 'li', way: { kind: 'mail', to }, lane: 'l', items: [entry], more: 0 },
      ...{ state: 'waiting', createdMs: 1, dueMs: 1, tries: 0 },
    },
    ...{ contact: contact('li'), isSilenced: false, more: 0, language: 'en', zone: 'UTC' },
    entries: [{ item: entry, event: gatewayAlert('pump', { words: { en, zh: en } }) }],
    ...{ link: undefined, shortLink: undefined },
  };
}

function way(folder: string, settings: object) {
  const from = 'sluice@farm.example';
  const { notify } = checkConfig(IngestConfig, {
    notify: { mail: { host: 'localhost', from, ...settings } },
  });
  const one = mailWay(notify.mail!, folder);
  return (message: Outgoing, signal = AbortSignal.timeout(60_000)) => one.send(message, signal);
}

const EVIL =
  'x\r\nBcc: evil@evil.example\r\n\r\n.\r\nMAIL FROM:<e@evil.example>\r\n=?utf-8?Q?=0D=0ABcc:_e@e?=';

describeWith('python3-aiosmtpd')('mail', () => {
  test('with TLS from the first byte is sent to whom is believed, and else it is said which setting mends it', async () => {
    const folder = temporaryFolder();
    const { tls, other, plain, last } = await mailServers(folder);
    await way(folder, { port: tls, tls: 'tls', caFile: 'ca.pem' })(mail('li@farm.example'));
    expect((await last(1)).to).toEqual(['li@farm.example']);
    const fails = (settings: object) =>
      way(folder, { tls: 'tls', ...settings })(mail('li@farm.example')).then(
        () => undefined,
        ({ code, message }) => `${code} ${message}`,
      );
    expect(await fails({ port: tls })).toMatch(/^DELIVERY_FAILED .*not believed.*notify\.mail\.caFile/);
    expect(await fails({ port: other, caFile: 'ca.pem' })).toMatch(
      /not believed.*elsewhere\.example.*mail\.host/,
    );
    expect(await fails({ port: plain })).toMatch(/no TLS from the first byte.*notify\.mail\.tls to starttls/);
  });

  test('takes no headers, recipients or commands from alerts, names and addresses, and has no line too long', async () => {
    const folder = temporaryFolder();
    const { plain, last } = await mailServers(folder);
    const send = way(folder, { host: '127.0.0.1', port: plain, tls: 'none' });
    let count = 0;
    const sent = async (message: Outgoing) => {
      await send(message);
      const { to, raw } = await last(++count);
      const [head = ''] = raw.split('\r\n\r\n');
      const names = head.split(/\r\n(?! )/).map((line) => line.split(':')[0]!.toLowerCase());
      expect(names.sort()).toEqual(
        ['auto-submitted', 'content-transfer-encoding', 'content-type', 'date', 'from'].concat([
          'message-id',
          'mime-version',
          'subject',
          'to',
        ]),
      );
      expect(Math.max(...raw.split('\r\n').map(({ length }) => length))).toBeLessThan(998);
      return to;
    };
    const li = ['li@farm.example'];
    expect(await sent(mail('li@farm.example', EVIL))).toEqual(li);
    expect(await sent(mail('li@farm.example', 'down', EVIL))).toEqual(li);
    expect(await sent(mail('li@farm.example', 'a'.repeat(5_000)))).toEqual(li);
    expect(await sent(mail('li@farm.example', '水🌱'.repeat(2_000)))).toEqual(li);
    expect(await sent(mail('group:li@farm.example')), 'no list of people').toEqual([
      '"group:li"@farm.example',
    ]);
  });
});

test('mail to a server that says nothing ends at once when this ends', async () => {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => void sockets.add(socket.on('error', () => {})));
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const send = way(temporaryFolder(), { host: '127.0.0.1', port, tls: 'none' });
  const abort = new AbortController();
  const sending = send(mail('li@farm.example'), abort.signal).catch(({ code }) => code);
  await eventually(() => sockets.size === 1);
  abort.abort();
  expect(await sending).toBe('DELIVERY_FAILED');
});

test.each(['Sluice <sluice@farm.example>', 'a@b.example\r\nBcc: e@e', 'a b'])(
  'is not sent from %j',
  (from) => {
    expect(() => way('', { from })).toThrow(/notify\.mail\.from|from/);
  },
);
