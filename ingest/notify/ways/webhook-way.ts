import { createHmac } from 'node:crypto';
import { type LookupAddress, lookup as resolve } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { reasonOf, SluiceError } from '../../../core/errors.ts';
import { readSecret } from '../../../core/read-secret.ts';
import type { WebhookConfig } from '../config.ts';
import { writeMessage } from '../message-words.ts';
import { alertJson } from './alert-json.ts';
import type { Outgoing, Way } from './way.ts';

const LEAST_SECRET = 16;
/** Answers that may be another one later (RFC 9110 section 15, RFC 8470 section 5.2, RFC 6585 section 4). */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/** Where clouds and machines keep what is theirs: never called, whatever a contact says. */
const NEVER = blockList(['169.254.0.0/16', 'fe80::/10', '0.0.0.0/8', '224.0.0.0/4', 'ff00::/8']);
const PRIVATE = blockList([
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
  ...['::1/128', '::/128', 'fc00::/7'],
]);

/**
 * A signed POST to a server of somebody's own. The signature is over the time and the body, so that nobody can send an old one again
 * or another. Addresses are checked as they are connected to, not as they are written: a name may mean anything a moment later.
 */
export function webhookWay(config: WebhookConfig, configFolder: string): Way {
  const secrets = new Map(
    Object.entries(config.secrets).map(([name, file]) => {
      const secret = readSecret(file, configFolder);
      if (secret.length < LEAST_SECRET)
        throw new SluiceError('SECRET_UNREADABLE', {
          ...{ file, reason: `it holds fewer than ${LEAST_SECRET} characters` },
        });
      return [name, secret];
    }),
  );
  return {
    atOnce: 8,
    async send(message, signal) {
      const { way } = message.delivery;
      if (way.kind !== 'webhook') return;
      const secret = secrets.get(way.secret ?? 'default');
      if (secret === undefined)
        throw refused(way.to, `notify.webhook.secrets has no ${way.secret ?? 'default'}`);
      const body = JSON.stringify(webhookBody(message));
      const timestamp = String(Math.floor(Date.now() / 1000));
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(body)),
        'user-agent': 'Sluice',
        // The same at each try: what a receiver has had already it may leave.
        'idempotency-key': message.delivery.id,
        'sluice-timestamp': timestamp,
        'sluice-signature': `v1=${sign(secret, timestamp, body)}`,
      };
      const status = await post(way.to, { headers, body, signal, config });
      if (status >= 200 && status < 300) return;
      if (status >= 500 || LATER.has(status)) throw failed(way.to, `HTTP ${status}`);
      throw refused(way.to, status < 400 ? `HTTP ${status}: redirects are not followed` : `HTTP ${status}`);
    },
  };
}

/** Hexadecimal HMAC-SHA256 over `timestamp.body` (RFC 2104). */
export function sign(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

function webhookBody(message: Outgoing) {
  const { delivery, contact, entries, more, link } = message;
  return {
    version: 1,
    delivery: delivery.id,
    contact: { id: contact.id, name: contact.name },
    text: writeMessage(message).text,
    ...(link === undefined ? {} : { link }),
    alerts: entries.map(alertJson),
    more,
  };
}

interface Posting {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly config: WebhookConfig;
}

/** The status. Throws `DELIVERY_FAILED` or `DELIVERY_REFUSED`. */
function post(to: string, { headers, body, signal, config }: Posting): Promise<number> {
  const url = new URL(to);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isAllowed(host, config)) throw refused(to, `${host} may not be called`);
  const timeoutMs = 1000 * config.timeoutS;
  return new Promise((done, fail) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      ...{ method: 'POST', headers, agent: false, lookup: checkedLookup(config) },
      // Over all of it: a server that sends a byte a minute is none.
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    request.on('response', (response) => {
      done(response.statusCode ?? 0);
      // What it says is nobody's business here.
      response.on('error', () => {});
      response.destroy();
    });
    request.on('error', (error) => {
      if (error instanceof SluiceError) fail(error);
      else
        fail(
          failed(
            to,
            error.name === 'AbortError' ? `no answer in ${config.timeoutS} s` : reasonOf(error),
            error,
          ),
        );
    });
    request.end(body);
  });
}

/** Asks what a name means and keeps of that what may be called: what is checked here is what is connected to. */
export function checkedLookup(config: WebhookConfig, ask: typeof resolve = resolve): LookupFunction {
  return (host, options, done) => {
    ask(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0);
      const allowed = (addresses as LookupAddress[]).filter(({ address }) => isAllowed(address, config));
      const [first] = allowed;
      if (!first) return done(refused(host, 'its address may not be called'), '', 0);
      if (options.all) (done as unknown as (error: null, all: LookupAddress[]) => void)(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

function isAllowed(address: string, { allowPrivate }: WebhookConfig): boolean {
  // An IPv4 address in the clothes of IPv6 (RFC 4291 section 2.5.5.2) is what it is.
  const plain = plainAddress(address);
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4';
  return !NEVER.check(plain, family) && (allowPrivate || !PRIVATE.check(plain, family));
}

/** The IPv4 address that an IPv6 one stands for: mapped (RFC 4291), or behind a NAT64 (RFC 6052). The URL has it in hexadecimal. */
function plainAddress(address: string): string {
  const inside = /^(?:::ffff:|64:ff9b::)(.+)$/i.exec(address)?.[1];
  if (inside === undefined) return address;
  if (isIP(inside) === 4) return inside;
  const [high, low] = inside.split(':').map((part) => Number.parseInt(part, 16));
  if (high === undefined || low === undefined) return address;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits] = subnet.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Without what stands behind the name of the server: some put a token there. */
function placeOf(to: string): string {
  return URL.canParse(to) ? new URL(to).origin : '***';
}

function failed(to: string, reason: string, cause?: unknown): SluiceError {
  return new SluiceError('DELIVERY_FAILED', { way: 'webhook', to: placeOf(to), reason }, cause);
}

function refused(to: string, reason: string): SluiceError {
  return new SluiceError('DELIVERY_REFUSED', { way: 'webhook', to: placeOf(to), reason });
}
