import type { CoapContent, Exchange } from '../../core/coap/endpoint-state.ts';
import { CODES, type CoapMessage } from '../../core/coap/message.ts';
import {
  OPTIONS,
  pathOf,
  pathOptions,
  textOption,
  textsOf,
  uintOf,
  uintOption,
} from '../../core/coap/option.ts';
import { SluiceError } from '../../core/errors.ts';
import { decodeContent } from '../../core/lwm2m/content.ts';
import { FORMATS } from '../../core/lwm2m/content-format.ts';
import { formatPath, type Path, parsePath } from '../../core/lwm2m/path.ts';
import { encodeSenmlCbor } from '../../core/senml/senml-cbor.ts';
import type { NodeConfig } from './node-config.ts';
import { plainAnswer, readAnswer, recordsOf } from './read-answer.ts';
import { type Resource, Resources } from './resources.ts';
import type { NodeEffect, NodeInput, NodeSession } from './session.ts';

interface Observation {
  readonly path: Path;
  readonly token: Uint8Array;
  readonly format: number;
  sequence: number;
  sentMs: number;
  sent: string;
}

interface Periods {
  pminS: number;
  pmaxS: number;
}

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;
const REBOOT_MS = 2_000;
/** As many as a small node has room for; the next observation is read and not kept. */
const MOST_OBSERVATIONS = 32;
const FORMAT_OF = {
  tlv: FORMATS.tlv,
  text: FORMATS.text,
  'senml-json': FORMATS.senmlJson,
  'senml-cbor': FORMATS.senmlCbor,
} as const;

/**
 * An LwM2M client (OMA LwM2M 1.1, sections 6.2 to 6.5) as a small node has it: it registers, keeps its registration
 * alive, is read, written, executed and observed, sends by itself, and sleeps. Without I/O and clock.
 */
export class Lwm2mSession implements NodeSession {
  readonly #config: NodeConfig;
  readonly #resources: Resources;
  readonly #nodeTimeS: (nowMs: number) => number;
  readonly #observations = new Map<string, Observation>();
  readonly #periods = new Map<string, Periods>();
  #lifetimeS: number;
  #state: 'off' | 'registering' | 'registered' = 'off';
  #location = '';
  #retryMs = FIRST_RETRY_MS;
  #registerAtMs: number;
  #updateAtMs = Number.POSITIVE_INFINITY;
  #measureAtMs: number;
  #awakeUntilMs = 0;
  #isUpdateAsked = false;
  #isRebootAsked = false;

  /** `nodeTimeS` is the node's own clock, UTC in seconds for a moment of the clock of all `nowMs`. */
  constructor(
    config: NodeConfig,
    measured: Readonly<Record<string, Resource>>,
    nodeTimeS: (nowMs: number) => number,
    startMs: number,
  ) {
    this.#config = config;
    this.#nodeTimeS = nodeTimeS;
    this.#lifetimeS = config.lifetimeS;
    this.#registerAtMs = startMs;
    this.#measureAtMs = startMs + config.measureS * 1000;
    this.#resources = new Resources({ ...measured, ...this.#ownResources() });
  }

  get isRegistered(): boolean {
    return this.#state === 'registered';
  }

  isAwake(nowMs: number): boolean {
    return !this.#config.queueMode || this.#state === 'registering' || nowMs <= this.#awakeUntilMs;
  }

  nextDueMs(): number {
    if (this.#state === 'off') return this.#registerAtMs;
    if (this.#state === 'registering') return Number.POSITIVE_INFINITY;
    return Math.min(this.#updateAtMs, this.#measureAtMs);
  }

  step(input: NodeInput, nowMs: number): NodeEffect[] {
    const effects = this.#take(input, nowMs);
    if (effects.length > 0 || input.kind !== 'time') {
      this.#awakeUntilMs = nowMs + this.#config.awakeS * 1000;
    }
    return effects;
  }

  /** As when its battery is taken out: it forgets registration and observations, and begins anew. */
  reboot(nowMs: number): void {
    this.#observations.clear();
    this.#periods.clear();
    this.#lifetimeS = this.#config.lifetimeS;
    this.#state = 'off';
    this.#registerAtMs = nowMs + REBOOT_MS;
  }

  #take(input: NodeInput, nowMs: number): NodeEffect[] {
    switch (input.kind) {
      case 'time':
        return this.#onTime(nowMs);
      case 'request':
        return this.#onRequest(input.exchange, input.message, nowMs);
      case 'response':
        return this.#onResponse(input.id, input.message, nowMs);
      case 'failed':
        return this.#onFailed(input.id, nowMs);
      case 'delivered':
        return [];
    }
  }

  #onTime(nowMs: number): NodeEffect[] {
    if (this.#state === 'off') return nowMs >= this.#registerAtMs ? this.#register() : [];
    if (this.#state === 'registering') return [];
    const effects: NodeEffect[] = [];
    if (nowMs >= this.#updateAtMs) effects.push(...this.#update(nowMs));
    if (nowMs >= this.#measureAtMs) {
      this.#measureAtMs = nowMs + this.#config.measureS * 1000;
      if (this.#config.report === 'send') effects.push(this.#send(nowMs));
      effects.push(...this.#notifications(nowMs));
    }
    return effects;
  }

  #register(): NodeEffect[] {
    this.#state = 'registering';
    const { id, version, queueMode } = this.#config;
    // 1.0 says queue mode in the binding, 1.1 and later with a parameter of its own (6.2.1).
    const queue = queueMode ? (version === '1.0' ? ['b=UQ'] : ['b=U', 'Q']) : ['b=U'];
    const query = [`lwm2m=${version}`, `ep=${id}`, `lt=${this.#lifetimeS}`, ...queue];
    const links = [`</>;rt="oma.lwm2m";ct="${FORMAT_OF[this.#config.format]}"`];
    for (const instance of this.#resources.instances) links.push(`<${instance}>`);
    const options = [
      ...pathOptions('/rd'),
      uintOption(OPTIONS.contentFormat, FORMATS.link),
      ...query.map((text) => textOption(OPTIONS.uriQuery, text)),
    ];
    return [post('register', options, Buffer.from(links.join(',')))];
  }

  #update(nowMs: number): NodeEffect[] {
    this.#updateAtMs = nowMs + this.#lifetimeS * 500;
    const query = this.#lifetimeS === this.#config.lifetimeS ? [] : [`lt=${this.#lifetimeS}`];
    const options = [
      ...pathOptions(this.#location),
      ...query.map((text) => textOption(OPTIONS.uriQuery, text)),
    ];
    return [post('update', options, new Uint8Array())];
  }

  #send(nowMs: number): NodeEffect {
    const records = recordsOf(this.#resources.measured, this.#nodeTimeS(nowMs));
    const options = [...pathOptions('/dp'), uintOption(OPTIONS.contentFormat, FORMATS.senmlCbor)];
    return post('send', options, encodeSenmlCbor(records));
  }

  #onResponse(id: string, { code, options }: CoapMessage, nowMs: number): NodeEffect[] {
    if (id === 'register') {
      if (code !== CODES.created) return this.#giveUp(nowMs);
      this.#state = 'registered';
      this.#retryMs = FIRST_RETRY_MS;
      this.#location = `/${textsOf({ options }, OPTIONS.locationPath).join('/')}`;
      this.#updateAtMs = nowMs + this.#lifetimeS * 500;
      this.#measureAtMs = Math.min(this.#measureAtMs, nowMs + this.#config.measureS * 1000);
    } else if (id === 'update' && code !== CODES.changed) {
      // The server has forgotten it (6.2.2): it begins anew, and its observations are gone with the registration.
      this.#observations.clear();
      return this.#register();
    }
    return [];
  }

  #onFailed(id: string, nowMs: number): NodeEffect[] {
    if (id.startsWith('notify ')) this.#observations.delete(id.slice('notify '.length));
    if (id === 'register') return this.#giveUp(nowMs);
    if (id === 'update') this.#updateAtMs = nowMs + FIRST_RETRY_MS;
    return [];
  }

  #giveUp(nowMs: number): NodeEffect[] {
    this.#state = 'off';
    this.#registerAtMs = nowMs + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
    return [];
  }

  #onRequest(exchange: Exchange, message: CoapMessage, nowMs: number): NodeEffect[] {
    const path = parsePath(pathOf(message));
    const answer =
      path && this.#resources.exists(path) ? this.#perform(path, exchange, message, nowMs) : undefined;
    const effects: NodeEffect[] = [
      { kind: 'answer', exchange, answer: answer ?? plainAnswer(CODES.notFound) },
    ];
    if (this.#isUpdateAsked && this.#state === 'registered') effects.push(...this.#update(nowMs));
    if (this.#isRebootAsked) this.reboot(nowMs);
    this.#isUpdateAsked = false;
    this.#isRebootAsked = false;
    return effects;
  }

  #perform(path: Path, exchange: Exchange, message: CoapMessage, nowMs: number): CoapContent {
    switch (message.code) {
      case CODES.get:
        return this.#read(path, exchange, message, nowMs);
      case CODES.put:
        return message.payload.length === 0
          ? this.#setPeriods(path, message)
          : this.#write(path, message, nowMs);
      case CODES.post: {
        const resource = this.#resources.get(path);
        if (!resource?.execute) return this.#write(path, message, nowMs);
        resource.execute();
        return plainAnswer(CODES.changed);
      }
      default:
        return plainAnswer(CODES.methodNotAllowed);
    }
  }

  #read(path: Path, exchange: Exchange, message: CoapMessage, nowMs: number): CoapContent {
    const accept = uintOf(message, OPTIONS.accept);
    if (accept === FORMATS.link) return this.#discover(path);
    const values = this.#resources.readable(path);
    if (values.length === 0) return plainAnswer(CODES.methodNotAllowed);
    const format = accept ?? this.#ownFormat(path);
    const answer = readAnswer(path, values, format);
    const observe = uintOf(message, OPTIONS.observe);
    const key = Buffer.from(exchange.token).toString('hex');
    if (observe === 1) this.#observations.delete(key);
    if (observe !== 0 || answer.code !== CODES.content) return answer;
    // The same path again replaces what was (RFC 7641, 4.1): a server that has restarted has another token.
    for (const [old, one] of this.#observations) {
      if (formatPath(one.path) === formatPath(path)) this.#observations.delete(old);
    }
    if (this.#observations.size >= MOST_OBSERVATIONS) return answer;
    const sent = Buffer.from(answer.payload).toString('hex');
    this.#observations.set(key, { path, token: exchange.token, format, sequence: 1, sentMs: nowMs, sent });
    return { ...answer, options: [uintOption(OPTIONS.observe, 1), ...answer.options] };
  }

  #ownFormat(path: Path): number {
    const own = FORMAT_OF[this.#config.format];
    return own === FORMATS.text && path.length < 3 ? FORMATS.tlv : own;
  }

  #discover(path: Path): CoapContent {
    const links = [`<${formatPath(path)}>`];
    for (const { path: own } of this.#resources.readable(path)) links.push(`<${formatPath(own)}>`);
    const options = [uintOption(OPTIONS.contentFormat, FORMATS.link)];
    return { code: CODES.content, options, payload: Buffer.from([...new Set(links)].join(',')) };
  }

  /** Write-attributes (5.1.2): the periods of notifications at `path`. */
  #setPeriods(path: Path, message: CoapMessage): CoapContent {
    const periods = this.#periodsOf(path);
    for (const query of textsOf(message, OPTIONS.uriQuery)) {
      const [name, value] = query.split('=');
      const seconds = Number(value);
      if ((name !== 'pmin' && name !== 'pmax') || !(seconds >= 0)) return plainAnswer(CODES.badRequest);
      if (name === 'pmin') periods.pminS = seconds;
      else periods.pmaxS = seconds;
    }
    this.#periods.set(formatPath(path), periods);
    return plainAnswer(CODES.changed);
  }

  /** Those of the path, or of what it lies in; where nothing was said, each measurement that differs is told. */
  #periodsOf(path: Path): Periods {
    for (let length = path.length; length > 0; length--) {
      const found = this.#periods.get(formatPath(path.slice(0, length)));
      if (found) return { ...found };
    }
    return { pminS: 0, pmaxS: Number.POSITIVE_INFINITY };
  }

  #write(path: Path, message: CoapMessage, nowMs: number): CoapContent {
    try {
      const values = decodeContent({
        format: uintOf(message, OPTIONS.contentFormat),
        payload: message.payload,
        path,
        typeOf: (own) => this.#resources.get(own)?.type,
        nowMs,
      });
      const targets = values.map(({ path: own, value }) => ({ resource: this.#resources.get(own), value }));
      if (targets.length === 0) return plainAnswer(CODES.badRequest);
      if (targets.some(({ resource }) => !resource?.write)) return plainAnswer(CODES.methodNotAllowed);
      for (const { resource, value } of targets) resource!.write!(value);
      return plainAnswer(CODES.changed);
    } catch (error) {
      if (error instanceof SluiceError) return plainAnswer(CODES.badRequest);
      throw error;
    }
  }

  #notifications(nowMs: number): NodeEffect[] {
    return [...this.#observations].flatMap(([key, one]): NodeEffect[] => {
      const { pminS, pmaxS } = this.#periodsOf(one.path);
      const silentS = (nowMs - one.sentMs) / 1000;
      const answer = readAnswer(one.path, this.#resources.readable(one.path), one.format);
      const now = Buffer.from(answer.payload).toString('hex');
      // A hair of tolerance: it wakes by a timer.
      if (silentS < pminS - 0.05 || (now === one.sent && silentS < pmaxS - 0.05)) return [];
      one.sentMs = nowMs;
      one.sent = now;
      one.sequence = (one.sequence + 1) % 0x1000000;
      const options = [uintOption(OPTIONS.observe, one.sequence), ...answer.options];
      const { token } = one;
      const { isConfirmable } = this.#config;
      return [{ kind: 'notify', id: `notify ${key}`, token, answer: { ...answer, options }, isConfirmable }];
    });
  }

  /** What every client has: its registration, and what it lets itself be told (objects 1 and 3). */
  #ownResources(): Record<string, Resource> {
    return {
      '/1/0/0': { type: 'integer', read: () => 1 },
      '/1/0/1': {
        type: 'integer',
        read: () => this.#lifetimeS,
        write: (value) => {
          this.#lifetimeS = Math.max(10, Number(value));
          this.#isUpdateAsked = true;
        },
      },
      '/1/0/7': { type: 'string', read: () => (this.#config.queueMode ? 'UQ' : 'U') },
      '/1/0/8': {
        type: 'opaque',
        execute: () => {
          this.#isUpdateAsked = true;
        },
      },
      '/3/0/4': {
        type: 'opaque',
        execute: () => {
          this.#isRebootAsked = true;
        },
      },
    };
  }
}

function post(id: string, options: CoapContent['options'], payload: Uint8Array): NodeEffect {
  return { kind: 'post', id, request: { code: CODES.post, options, payload }, isConfirmable: true };
}
