import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { IngestConfig } from '../../config.ts';
import { contact, gatewayAlert } from '../testing/alerts.ts';
import type { Outgoing } from './way.ts';
import { checkedLookup, webhookWay } from './webhook-way.ts';

const SECRET = 'sixteen characters';

function way(more: object = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'secret'), SECRET, { mode: 0o600 });
  const webhook = { secrets: { default: 'secret' }, ...more };
  const config = checkConfig(IngestConfig, { notify: { webhook } }).notify.webhook!;
  return {
    config,
    send: (to: string) => webhookWay(config, folder).send(outgoing(to), AbortSignal.timeout(5_000)),
  };
}

const WORDS = { en: 'a\r\nX-Evil: 1\r\n\r\n{"x":1}', zh: '甲\r\n乙' };

function outgoing(to: string): Outgoing {
  const item = { alert: 'one', what: 'raised', severity: 'warning', timeMs: 1 } as const;
  return {
    delivery: {
      ...{ id: 'd1', contact: 'li', way: { kind: 'webhook', to }, lane: 'l', items: [item], more: 0 },
      ...{ state: 'waiting', createdMs: 1, dueMs: 1, tries: 0 },
    },
    contact: contact('li', { name: 'Li\r\nX-Evil: 1' }),
    entries: [{ item, event: gatewayAlert('one', { words: WORDS }) }],
    ...{ isSilenced: false, more: 0, language: 'en', zone: 'UTC', link: undefined, shortLink: undefined },
  };
}

it('is signed over the time and the body as it comes, whatever line breaks names hold', async () => {
  const heard: { request: IncomingMessage; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    heard.push({ request, body: Buffer.concat(chunks).toString() });
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  await way().send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
  const { headers } = heard[0]!.request;
  expect(headers['x-evil']).toBeUndefined();
  const mac = createHmac('sha256', SECRET).update(`${headers['sluice-timestamp']}.${heard[0]!.body}`);
  expect(headers['sluice-signature']).toBe(`v1=${mac.digest('hex')}`);
  expect(JSON.parse(heard[0]!.body)).toMatchObject({
    contact: { name: 'Li\r\nX-Evil: 1' },
    alerts: [{ words: WORDS }],
  });
});

it.each([
  'http://127.0.0.1:1/',
  'http://2130706433:1/',
  'http://0x7f.1:1/',
  'http://[::1]:1/',
  'http://[::ffff:127.0.0.1]:1/',
  'http://[::ffff:10.0.0.1]:1/',
  'http://[fd00::1]:1/',
  'http://192.168.1.1:1/',
  'http://100.64.0.1:1/',
  'http://localhost:1/',
])('does not call %s without allowPrivate', async (to) => {
  await expect(way({ allowPrivate: false }).send(to)).rejects.toMatchObject({ code: 'DELIVERY_REFUSED' });
});

it.each([
  'http://169.254.169.254/latest/meta-data',
  'http://[::ffff:169.254.169.254]/',
  'http://[64:ff9b::169.254.169.254]/',
  'http://[fe80::1]/',
  'http://0.0.0.0:1/',
])('never calls %s', async (to) => {
  await expect(way().send(to)).rejects.toMatchObject({ code: 'DELIVERY_REFUSED' });
});

it('goes by what a name means as it is connected to: of several addresses by those that may be called', async () => {
  const { config } = way({ allowPrivate: false });
  const answers = [
    { address: '10.0.0.1', family: 4 },
    { address: '192.0.2.1', family: 4 },
  ];
  const lookup = (some: typeof answers) =>
    new Promise((done) =>
      checkedLookup(config, ((_host: string, _options: object, give: (e: null, a: typeof answers) => void) =>
        give(null, some)) as never)('rebound.example', { all: true }, (error, found) => done(error ?? found)),
    );
  expect(await lookup(answers)).toEqual([answers[1]]);
  expect(await lookup(answers.slice(0, 1))).toMatchObject({ code: 'DELIVERY_REFUSED' });
});
