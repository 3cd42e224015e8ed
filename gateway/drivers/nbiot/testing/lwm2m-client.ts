import { createSocket, type Socket } from 'node:dgram';
import { stepCoap } from '../../../../core/coap/endpoint.ts';
import {
  CELLULAR_TIMES,
  type CoapContent,
  type CoapEffect,
  type CoapInput,
  createCoapState,
} from '../../../../core/coap/endpoint-state.ts';
import { CODES, type CoapMessage } from '../../../../core/coap/message.ts';
import {
  OPTIONS,
  pathOf,
  pathOptions,
  textOption,
  textsOf,
  uintOf,
  uintOption,
} from '../../../../core/coap/option.ts';

/** What a test's client answers; `undefined` where it stays silent. */
export type Answer = Partial<CoapContent> | undefined;

const NOTHING = new Uint8Array();
const SERVER = 'server';

/**
 * A small LwM2M client for what coap-client cannot do: it answers the server's requests out of `answers` and remembers
 * them. Nothing is sent again by itself.
 */
export class Lwm2mClient {
  /** `PUT /3306/0/5850`, in the order in which they came. */
  readonly asked: { readonly what: string; readonly message: CoapMessage }[] = [];
  /** By method and path, or by path alone. */
  readonly answers = new Map<string, Answer | ((message: CoapMessage) => Answer)>();
  readonly tokens = new Map<string, Uint8Array>();
  readonly #state = createCoapState({
    ...CELLULAR_TIMES,
    random: Math.random,
    newToken: () => Uint8Array.of(++this.#lastToken),
  });
  readonly #port: number;
  readonly #host: string;
  readonly #waiting = new Map<string, (message: CoapMessage) => void>();
  #lastToken = 0;
  #sequence = 0;
  #socket: Socket;
  isSilent = false;

  constructor(port: number, host = '127.0.0.1') {
    this.#port = port;
    this.#host = host;
    this.#socket = this.#open();
  }

  /** As a node does whose modem slept: the same client behind another port. */
  move(): void {
    this.#socket.close();
    this.#socket = this.#open();
  }

  close(): void {
    this.#socket.close();
  }

  /** Sends a request and resolves with its answer. */
  request(
    code: number,
    path: string,
    parts: { query?: string[]; format?: number; payload?: Uint8Array | string } = {},
  ) {
    const id = `${++this.#sequence}`;
    const options = [
      ...pathOptions(path),
      ...(parts.query ?? []).map((text) => textOption(OPTIONS.uriQuery, text)),
      ...(parts.format === undefined ? [] : [uintOption(OPTIONS.contentFormat, parts.format)]),
    ];
    const payload =
      typeof parts.payload === 'string' ? Buffer.from(parts.payload) : (parts.payload ?? NOTHING);
    return new Promise<CoapMessage>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#step({ kind: 'request', id, peer: SERVER, request: { code, options, payload } });
    });
  }

  /** Registers and resolves with the location, such as `/rd/4f`. */
  async register(endpoint: string, links: string, ...query: string[]): Promise<string> {
    const parts = { query: [`ep=${endpoint}`, ...query], format: 40, payload: links };
    const answer = await this.request(CODES.post, '/rd', parts);
    return `/${textsOf(answer, OPTIONS.locationPath).join('/')}`;
  }

  /** A notification of an observed path, not confirmable. */
  notify(path: string, payload: string | Uint8Array, format = 0): void {
    const options = [
      uintOption(OPTIONS.observe, ++this.#sequence + 10),
      uintOption(OPTIONS.contentFormat, format),
    ];
    const answer = { code: CODES.content, options, payload: Buffer.from(payload) };
    this.#step({
      kind: 'notify',
      id: '',
      peer: SERVER,
      token: this.tokens.get(path)!,
      answer,
      isConfirmable: false,
    });
  }

  count(what: string): number {
    return this.asked.filter((one) => one.what === what).length;
  }

  #open(): Socket {
    const socket = createSocket(this.#host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (bytes) => {
      if (!this.isSilent) this.#step({ kind: 'received', peer: SERVER, bytes });
    });
    return socket;
  }

  #step(input: CoapInput): void {
    for (const effect of stepCoap(this.#state, input, performance.now())) this.#follow(effect);
  }

  #follow(effect: CoapEffect): void {
    if (effect.kind === 'send') this.#socket.send(effect.bytes, this.#port, this.#host, () => {});
    if (effect.kind === 'response') this.#waiting.get(effect.id)?.(effect.message);
    if (effect.kind !== 'request') return;
    const { message, exchange } = effect;
    const path = pathOf(message);
    const what = `${['', 'GET', 'POST', 'PUT', 'DELETE'][message.code]} ${path}`;
    this.asked.push({ what, message });
    const isObserve = uintOf(message, OPTIONS.observe) === 0;
    if (isObserve) this.tokens.set(path, message.token);
    const known = [what, path].find((one) => this.answers.has(one));
    const prepared = known === undefined ? { code: CODES.notFound } : this.answers.get(known);
    const answer = typeof prepared === 'function' ? prepared(message) : prepared;
    if (!answer) return;
    const options = [
      ...(answer.options ?? []),
      ...(isObserve ? [uintOption(OPTIONS.observe, ++this.#sequence)] : []),
    ];
    const content = { code: answer.code ?? CODES.content, options, payload: answer.payload ?? NOTHING };
    this.#step({ kind: 'answer', exchange, answer: content });
  }
}
