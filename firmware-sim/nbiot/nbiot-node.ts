import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Cancel } from '../../core/clock.ts';
import { nextDueMs, stepCoap } from '../../core/coap/endpoint.ts';
import {
  CELLULAR_TIMES,
  type CoapEffect,
  type CoapInput,
  type CoapState,
  createCoapState,
} from '../../core/coap/endpoint-state.ts';
import type { ServiceContext } from '../../core/context.ts';
import type { Measured } from '../devices/measured.ts';
import type { Farm } from '../farm/farm.ts';
import { Random } from '../farm/random.ts';
import { isValueFault } from '../faults.ts';
import { Lwm2mSession } from './lwm2m-session.ts';
import type { NodeConfig, NodeFault } from './node-config.ts';
import { createNodeKind } from './node-kinds.ts';
import { SenmlSession } from './senml-session.ts';
import type { NodeEffect, NodeInput, NodeSession } from './session.ts';

const SAMPLE_S = 1;
/** Of a clock that has never been set, where nothing else is said: a day behind. */
const WRONG_CLOCK_S = -86_400;
/** A node never waits longer for its timer than this: what is due may have changed meanwhile. */
const LONGEST_WAIT_MS = 60_000;

/** A node on its own UDP socket, with what is wrong between it and the server. */
export class NbiotNode {
  readonly config: NodeConfig;
  readonly #context: ServiceContext;
  readonly #random: Random;
  readonly #measured: Measured<string>;
  readonly #session: NodeSession;
  #coap: CoapState;
  #faults: readonly NodeFault[] = [];
  #socket: Socket | undefined;
  #cancelTimer: Cancel | undefined;
  #sinceSampleS = 0;
  #sent = 0;
  #received = 0;

  constructor(config: NodeConfig, farm: Farm, seed: number, context: ServiceContext) {
    this.config = config;
    this.#context = context;
    const name = `node ${config.id}`;
    this.#random = new Random(seed, `${name} radio`);
    const random = new Random(seed, name);
    const faultRandom = new Random(seed, `${name} faults`);
    const { measured, resources } = createNodeKind(config, { farm, random, faultRandom });
    this.#measured = measured;
    const Session = config.protocol === 'lwm2m' ? Lwm2mSession : SenmlSession;
    const nodeTimeS = () => Math.round(context.clock.nowMs() / 1000 + this.#clockOffsetS);
    this.#session = new Session(config, resources, nodeTimeS, context.clock.monotonicMs());
    this.#coap = this.#freshCoap();
    this.setFaults(config.faults);
  }

  /** What can be seen of it. */
  get state() {
    const { id, kind } = this.config;
    const nowMs = this.#context.clock.monotonicMs();
    return {
      id,
      kind,
      isRegistered: this.#session.isRegistered,
      isAwake: this.#session.isAwake(nowMs),
      port: this.#socket?.address().port ?? null,
      datagrams: { sent: this.#sent, received: this.#received },
      values: this.#measured.values,
      faults: this.#faults,
    };
  }

  /** Throws `CONFIG_INVALID` for a channel that it does not have. */
  setFaults(faults: readonly NodeFault[]): void {
    const ofValues = faults.flatMap((fault) => {
      const { kind, offsetS: _, ...rest } = fault;
      const plain = { ...rest, kind } as Parameters<typeof isValueFault>[0];
      return isValueFault(plain) ? [plain] : [];
    });
    this.#measured.setFaults(ofValues);
    this.#faults = faults;
  }

  async open(): Promise<void> {
    if (this.#socket) return;
    await this.#bind();
    this.#run(this.#session.step({ kind: 'time' }, this.#nowMs()));
    this.#planTimer();
  }

  async close(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** The network gives it another address, as it does after a time without traffic; the node notices nothing. */
  async moveAddress(): Promise<void> {
    const old = this.#socket;
    if (!old) return;
    await this.#bind();
    await new Promise<void>((resolve) => old.close(() => resolve()));
  }

  /** Its battery is taken out and put in. */
  reboot(): void {
    this.#coap = this.#freshCoap();
    this.#session.reboot(this.#nowMs());
    this.#planTimer();
  }

  step(durationS: number): void {
    this.#sinceSampleS += durationS;
    const dueS = SAMPLE_S * Math.floor(this.#sinceSampleS / SAMPLE_S + 1e-6);
    if (dueS === 0) return;
    this.#sinceSampleS -= dueS;
    this.#measured.sample(dueS);
  }

  get #clockOffsetS(): number {
    const fault = this.#faults.find(({ kind }) => kind === 'wrong-clock');
    return fault ? (fault.offsetS ?? WRONG_CLOCK_S) : 0;
  }

  #freshCoap(): CoapState {
    return createCoapState({
      ...CELLULAR_TIMES,
      ackTimeoutMs: 2_000,
      maxPeers: 4,
      random: () => this.#random.next(),
      newToken: () => Uint8Array.from({ length: 4 }, () => this.#random.below(256)),
    });
  }

  async #bind(): Promise<void> {
    const { host } = this.config;
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.on('message', (bytes) => this.#receive(bytes));
    socket.on('error', (error) => {
      this.#context.log.error({ node: this.config.id }, `simulated node: ${error.message}`);
    });
    await new Promise<void>((resolve) => socket.bind(0, isIPv6(host) ? '::1' : '127.0.0.1', resolve));
    this.#socket = socket;
  }

  #receive(bytes: Uint8Array): void {
    const nowMs = this.#nowMs();
    // A modem that sleeps hears nothing, and the network does not keep it for later.
    if (!this.#session.isAwake(nowMs) || this.#isLost()) return;
    this.#received += 1;
    this.#message({ kind: 'received', peer: this.#peer, bytes });
    this.#planTimer();
  }

  /** Hands `input` to the message layer, and what comes of it to the session, until nothing more comes. */
  #message(input: CoapInput): void {
    for (const effect of stepCoap(this.#coap, input, this.#nowMs())) this.#onCoap(effect);
  }

  #onCoap(effect: CoapEffect): void {
    if (effect.kind === 'send') this.#sendDatagram(effect.bytes);
    // A node observes nobody, so these two do not come.
    else if (effect.kind !== 'notification' && effect.kind !== 'moved')
      this.#run(this.#session.step(inputOf(effect), this.#nowMs()));
  }

  #run(effects: readonly NodeEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'post') this.#message({ ...effect, kind: 'request', peer: this.#peer });
      else if (effect.kind === 'notify') this.#message({ ...effect, peer: this.#peer });
      else this.#message(effect);
    }
  }

  #sendDatagram(bytes: Uint8Array): void {
    if (this.#isLost()) return;
    const times = this.#strikes('duplicate') ? 2 : 1;
    for (let time = 0; time < times; time++) {
      this.#sent += 1;
      // Nobody listens there (yet): as on the air, only the missing answer tells.
      this.#socket?.send(bytes, this.config.port, this.config.host, () => {});
    }
  }

  #isLost(): boolean {
    return this.#faults.some(({ kind }) => kind === 'dead') || this.#strikes('loss');
  }

  #strikes(kind: NodeFault['kind']): boolean {
    const fault = this.#faults.find((one) => one.kind === kind);
    return fault !== undefined && this.#random.chance(fault.share ?? 1);
  }

  #planTimer(): void {
    this.#cancelTimer?.();
    if (!this.#socket) return;
    const nowMs = this.#nowMs();
    const dueMs = Math.min(this.#session.nextDueMs(), nextDueMs(this.#coap) ?? Number.POSITIVE_INFINITY);
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(1, dueMs - nowMs));
    this.#cancelTimer = this.#context.clock.after(waitMs, () => {
      this.#message({ kind: 'time' });
      this.#run(this.#session.step({ kind: 'time' }, this.#nowMs()));
      this.#planTimer();
    });
  }

  get #peer(): string {
    return 'server';
  }

  #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }
}

function inputOf(effect: Exclude<CoapEffect, { kind: 'send' | 'notification' | 'moved' }>): NodeInput {
  return effect;
}
