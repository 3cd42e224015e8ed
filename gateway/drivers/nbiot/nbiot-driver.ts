// Longer than others: it ties sockets, sessions, readings and commands together, and each of those has a file of its own.
import { randomBytes } from 'node:crypto';
import type { Cancel } from '../../../core/clock.ts';
import { LARGEST_BLOCK, sliceBlock2 } from '../../../core/coap/block.ts';
import { createBlockAssembly, takeBlock1 } from '../../../core/coap/block-assembly.ts';
import type { CoapContent, Exchange } from '../../../core/coap/endpoint-state.ts';
import { CODES, type CoapMessage } from '../../../core/coap/message.ts';
import { OPTIONS, pathOptions, uintOf, uintOption } from '../../../core/coap/option.ts';
import { asSluiceError, SluiceError } from '../../../core/errors.ts';
import { FORMATS } from '../../../core/lwm2m/content-format.ts';
import { resolveRecords } from '../../../core/senml/resolve-records.ts';
import { decodeSenmlCbor } from '../../../core/senml/senml-cbor.ts';
import { decodeSenmlJson } from '../../../core/senml/senml-json.ts';
import type {
  DeviceSpec,
  Driver,
  DriverContext,
  DriverKind,
  Outcome,
  Sample,
  WriteRequest,
  WriteResult,
} from '../../driver.ts';
import { refuseMistakes, refusePublic } from './check-config.ts';
import { CoapTransport, formatPeer } from './coap-transport.ts';
import { NbiotConfig } from './config.ts';
import { type Incoming, readIncoming } from './incoming.ts';
import { createNbiotDevice } from './nbiot-device.ts';
import { createNode, type Node, runInTurn } from './node.ts';
import { NodeClient } from './node-client.ts';
import { NodeCommands } from './node-commands.ts';
import { NodeReadings } from './node-readings.ts';
import { loadNbiotProfile } from './profile.ts';
import { pointNamed, samplesOfRecords, samplesOfValues, type TimedSamples } from './readings.ts';
import { isReachable, type SessionEffect, type SessionInput, stepSession } from './session.ts';

/** CoAP and LwM2M over UDP, for nodes on a narrow-band network. */
export const nbiotDriver: DriverKind<typeof NbiotConfig> = {
  schema: NbiotConfig,
  create: (config, context) => new NbiotDriver(config, context),
};

/** How often lifetimes and the expiry of commands are looked at. */
const TICK_MS = 1_000;
/** Strangers are told once an hour each, and so many of them: a flood of names must not hide a misspelt one for ever. */
const MAX_STRANGERS = 100;
const STRANGERS_FOR_MS = 3_600_000;
const NOTHING = new Uint8Array();
const LINKS = '</rd>;rt="core.rd",</dp>,</senml>;ct="110 112"';

class NbiotDriver implements Driver {
  readonly devices: readonly DeviceSpec[];
  readonly #context: DriverContext;
  readonly #transport: CoapTransport;
  readonly #commands: NodeCommands;
  readonly #readings: NodeReadings;
  readonly #blocks = createBlockAssembly();
  readonly #byId: ReadonlyMap<string, Node>;
  readonly #byEndpoint: ReadonlyMap<string, Node>;
  readonly #byPeer = new Map<string, Node>();
  readonly #byLocation = new Map<string, Node>();
  readonly #strangers = new Set<string>();
  #strangersSinceMs = 0;
  /** What came last from an address that is nobody's yet. */
  #unclaimed: { readonly peer: string; readonly bytes: number } | undefined;
  #observations = 0;
  #cancelTick: Cancel | undefined;
  #isStopped = false;

  constructor(config: NbiotConfig, context: DriverContext) {
    const profiles = config.devices.map(({ profile }) => loadNbiotProfile(profile, context.configFolder));
    refuseMistakes(config, profiles);
    refusePublic(config);
    const nodes = config.devices.map((device, index) =>
      createNode(config, createNbiotDevice(device, profiles[index]!)),
    );
    this.#context = context;
    this.#readings = new NodeReadings(context);
    this.devices = nodes.map(({ device }) => device.spec);
    this.#byId = new Map(nodes.map((node) => [node.device.spec.id, node]));
    this.#byEndpoint = new Map(nodes.map((node) => [node.device.endpoint, node]));
    const { clock, log } = context;
    this.#commands = new NodeCommands(context, config.id, this.#readings, {
      isStopped: () => this.#isStopped,
      client: (node) => this.#client(node),
      samplesOf: (node, path, answer) => this.#samplesOf(node, path, answer),
      answered: (node) => this.#apply(node, { kind: 'answered' }),
    });
    const { hosts, port } = config;
    this.#transport = new CoapTransport(
      { hosts, port, ackTimeoutMs: config.ackTimeoutS * 1000, clock, log, trace: () => context.trace },
      {
        request: (exchange, message) => this.#onRequest(exchange, message),
        notification: (id, peer, message) => void this.#onNotification(id, peer, message),
        moved: (from, to) => this.#onMoved(from, to),
        traffic: (peer, direction, bytes) => {
          const node = this.#byPeer.get(peer);
          if (node) node.traffic[direction] += bytes;
          else if (direction === 'received') this.#unclaimed = { peer, bytes };
        },
      },
    );
  }

  async start(): Promise<void> {
    await this.#transport.start();
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTick?.();
    await this.#transport.stop();
    await Promise.all([...this.#byId.values()].flatMap(({ lanes }) => [lanes.work, lanes.closes]));
  }

  /** Reads the group now, or when the node wakes up; `undefined` where it sleeps or is not registered. */
  async poll(deviceId: string, group: string): Promise<Outcome | undefined> {
    const node = this.#byId.get(deviceId)!;
    if (!isReachable(node.session, this.#context.clock.monotonicMs())) {
      const isAsleep = node.session.registration !== undefined;
      if (isAsleep) node.wantedGroups.add(group);
      const text = isAsleep
        ? 'asleep; it is asked when it wakes up'
        : 'not registered; nothing can be asked of it';
      this.#context.trace?.({ direction: 'note', text: `${deviceId}: ${text}` });
      return undefined;
    }
    return this.#readGroup(node, group);
  }

  queuedWrites(): readonly string[] {
    return this.#commands.ids;
  }

  write(request: WriteRequest): Promise<WriteResult> {
    return this.#commands.write(this.#byId.get(request.device)!, request);
  }

  // What nodes send

  #onRequest(exchange: Exchange, message: CoapMessage): void {
    const { peer } = exchange;
    try {
      const body = takeBlock1(this.#blocks, peer, message, this.#context.clock.monotonicMs());
      if (body.kind === 'answer') {
        this.#transport.answer(exchange, { code: body.code, options: body.options, payload: NOTHING });
        return;
      }
      const rootOf = (location: string) => this.#byLocation.get(location)?.session.registration?.root ?? '';
      const incoming = readIncoming(message, body.payload, rootOf);
      const answer = this.#answerTo(peer, incoming, body.payload, message);
      this.#transport.answer(exchange, { ...answer, options: [...answer.options, ...body.options] });
    } catch (thrown) {
      const error = asSluiceError(thrown);
      const code = error.code === 'INTERNAL' ? CODES.internal : CODES.badRequest;
      this.#context.log.debug({ peer: formatPeer(peer), error: error.message }, 'A request was refused');
      const node = this.#byPeer.get(peer);
      if (node) this.#readings.hear(node, [], error);
      // A known node gets the words; a stranger nothing that is longer than what it sent.
      const payload = node ? Buffer.from(error.message).subarray(0, 200) : NOTHING;
      this.#transport.answer(exchange, { code, options: [], payload });
    }
  }

  #answerTo(peer: string, incoming: Incoming, payload: Uint8Array, message: CoapMessage): CoapContent {
    switch (incoming.kind) {
      case 'register':
        return this.#register(peer, incoming);
      case 'update': {
        const node = this.#byLocation.get(incoming.location);
        // A location of before the last start: the client registers anew (LwM2M 1.1, 6.2.2).
        if (!node) return plain(CODES.notFound);
        this.#takePeer(node, peer);
        queueMicrotask(() => {
          this.#apply(node, { ...incoming, kind: 'update', peer });
          this.#readings.hear(node, []);
        });
        return plain(CODES.changed);
      }
      case 'deregister': {
        const node = this.#byLocation.get(incoming.location);
        if (!node) return plain(CODES.notFound);
        this.#apply(node, { kind: 'deregister' });
        this.#byLocation.delete(incoming.location);
        return plain(CODES.deleted);
      }
      case 'send':
        return this.#takeSend(peer, incoming.format, payload);
      case 'post':
        return this.#takePost(peer, incoming, payload);
      case 'discover': {
        // To a stranger in the smallest blocks: the address may be forged, and its owner get more than was sent.
        const slice = sliceBlock2(Buffer.from(LINKS), message, this.#byPeer.has(peer) ? LARGEST_BLOCK : 16);
        if (!slice) return plain(CODES.badRequest);
        const options = [uintOption(OPTIONS.contentFormat, FORMATS.link), ...slice.options];
        return { code: CODES.content, options, payload: slice.payload };
      }
      case 'refuse':
        return plain(incoming.code);
    }
  }

  #register(peer: string, { endpoint, registration }: Extract<Incoming, { kind: 'register' }>): CoapContent {
    const node = this.#byEndpoint.get(endpoint);
    if (!node) return this.#refuseStranger(endpoint, peer);
    const before = node.session.registration?.location;
    if (before) this.#byLocation.delete(before);
    const location = randomBytes(4).toString('hex');
    this.#byLocation.set(location, node);
    this.#takePeer(node, peer);
    const { id } = node.device.spec;
    if (before === undefined)
      this.#context.log.info({ device: id, peer: formatPeer(peer) }, 'A node has registered');
    // The answer goes before the requests that follow from it, so that the client knows its location by then.
    queueMicrotask(() => {
      this.#apply(node, { kind: 'register', registration: { ...registration, location, peer } });
      this.#readings.hear(node, []);
    });
    return {
      code: CODES.created,
      options: pathOptions(`/rd/${location}`, OPTIONS.locationPath),
      payload: NOTHING,
    };
  }

  #takeSend(peer: string, format: number | undefined, payload: Uint8Array): CoapContent {
    const node = this.#byPeer.get(peer);
    // Who it is, only its registration says: 4.04 makes it register.
    if (!node?.session.registration) return plain(CODES.notFound);
    if (format !== FORMATS.senmlCbor && format !== FORMATS.senmlJson) return plain(CODES.unsupportedFormat);
    const values = this.#readings.decode(node, format, payload, '');
    this.#readings.hear(node, samplesOfValues(node.device, values, this.#context.clock.nowMs()));
    queueMicrotask(() => this.#apply(node, { kind: 'spoke' }));
    return plain(CODES.changed);
  }

  #takePost(
    peer: string,
    { endpoint, format }: Extract<Incoming, { kind: 'post' }>,
    payload: Uint8Array,
  ): CoapContent {
    const nowMs = this.#context.clock.nowMs();
    const named = endpoint === undefined ? undefined : this.#byEndpoint.get(endpoint);
    if (endpoint !== undefined && !named) return this.#refuseStranger(endpoint, peer);
    const isJson =
      format === undefined ? payload[0] === 0x5b : format === FORMATS.senmlJson || format === FORMATS.json;
    if (format !== undefined && !isJson && format !== FORMATS.senmlCbor && format !== FORMATS.cbor) {
      return plain(CODES.unsupportedFormat);
    }
    const records = resolveRecords(isJson ? decodeSenmlJson(payload) : decodeSenmlCbor(payload), nowMs);
    const first = records[0]?.name ?? '';
    const node = named ?? this.#byName(first);
    if (!node) return this.#refuseStranger(first, peer);
    if (!node.session.registration) this.#takePeer(node, peer);
    const { endpoint: own } = node.device;
    // A device "m" may post "moisture": only a name that ends there, or goes on with ":" or "/", begins with the device.
    const isNamed = this.#byName(first) === node;
    const base = isNamed ? own : '';
    const stray = records.find(({ name }) => !name.startsWith(base));
    if (stray) {
      const reason = `the record ${stray.name} is not of the device ${own}`;
      throw new SluiceError('PAYLOAD_INVALID', { reason, offset: 0, length: payload.length });
    }
    const samples = samplesOfRecords(node.device, records, base, nowMs);
    for (const { name } of records)
      if (!pointNamed(node.device, name.slice(base.length))) this.#readings.tellUnknown(node, name);
    this.#readings.hear(node, samples);
    queueMicrotask(() => this.#apply(node, { kind: 'spoke' }));
    return plain(CODES.changed);
  }

  /** The device that names of records begin with, by itself or before ":" or "/"; the longest where several fit. */
  #byName(name: string): Node | undefined {
    for (let end = name.length; end > 0; end--) {
      const isEnd = end === name.length || /[:/]/.test(name[end]!) || /[:/]/.test(name[end - 1]!);
      const node = isEnd ? this.#byEndpoint.get(name.slice(0, end)) : undefined;
      if (node) return node;
    }
    return undefined;
  }

  async #onNotification(observation: string, peer: string, message: CoapMessage): Promise<void> {
    const [, id = '', path = ''] = observation.split(' ');
    const node = this.#byId.get(id);
    if (!node) return;
    const client = this.#client(node, peer);
    const outcome = await this.#transport.rest(peer, client.readRequest(path), message);
    if (outcome.kind === 'failed') {
      // Of a node that is there no longer, nothing more is to be said.
      const request = `GET ${path}: ${outcome.reason}`;
      const isThere = node.session.registration?.peer === peer;
      const error = new SluiceError('COAP_TIMEOUT', { device: id, request });
      if (isThere && !this.#isStopped) this.#readings.hear(node, [], error);
      return;
    }
    this.#take(node, path, outcome.message);
    // An error ends the observation (RFC 7641, 4.2).
    if (outcome.message.code >> 5 !== 2) this.#apply(node, { kind: 'observation', path, end: 'unanswered' });
    this.#apply(node, { kind: 'spoke' });
  }

  #onMoved(from: string, to: string): void {
    const node = this.#byPeer.get(from);
    if (!node) return;
    this.#takePeer(node, to);
    this.#apply(node, { kind: 'moved', peer: to });
    this.#context.log.debug(
      { device: node.device.spec.id, peer: formatPeer(to) },
      'A node has a new address',
    );
  }

  #refuseStranger(endpoint: string, peer: string): CoapContent {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - this.#strangersSinceMs >= STRANGERS_FOR_MS) {
      this.#strangers.clear();
      this.#strangersSinceMs = nowMs;
    }
    if (this.#strangers.size < MAX_STRANGERS && !this.#strangers.has(endpoint)) {
      this.#strangers.add(endpoint);
      const details = { endpoint: endpoint.slice(0, 128), peer: formatPeer(peer) };
      const isLast = this.#strangers.size === MAX_STRANGERS;
      const words = 'A device that is not in the settings was refused; add it to "devices" if it is yours';
      this.#context.log.warn(details, isLast ? `${words}. Further ones of this hour are not logged.` : words);
    }
    return plain(CODES.forbidden);
  }

  /** One address is one node: whoever had it before is not there any more, and must not be asked in its place. */
  #takePeer(node: Node, peer: string): void {
    const before = this.#byPeer.get(peer);
    if (before && before !== node) {
      if (before.session.registration?.peer === peer) {
        this.#byLocation.delete(before.session.registration.location);
        this.#apply(before, { kind: 'deregister' });
      }
      before.peer = undefined;
    }
    if (node.peer !== undefined && node.peer !== peer) this.#byPeer.delete(node.peer);
    node.peer = peer;
    this.#byPeer.set(peer, node);
    if (this.#unclaimed?.peer === peer) node.traffic.received += this.#unclaimed.bytes;
    this.#unclaimed = undefined;
  }

  // What follows from it

  #apply(node: Node, input: SessionInput): void {
    if (this.#isStopped) return;
    for (const effect of stepSession(node.session, input, this.#context.clock.monotonicMs()))
      this.#follow(node, effect);
  }

  #follow(node: Node, effect: SessionEffect): void {
    const { id } = node.device.spec;
    switch (effect.kind) {
      case 'forget-peer':
        this.#transport.forgetPeer(effect.peer);
        break;
      case 'gone':
        this.#context.log.info({ device: id }, 'A node is gone: it said so, or its time has run out');
        this.#context.deliver({
          device: id,
          timeMs: this.#context.clock.nowMs(),
          isReached: false,
          isGone: true,
          samples: [],
        });
        break;
      case 'absent':
        this.#context.log.warn(
          { device: id, paths: effect.paths },
          'A node lacks objects that its profile observes',
        );
        break;
      case 'observe':
        void this.#observe(node, effect.path);
        break;
      case 'awake':
        this.#wake(node);
    }
  }

  async #observe(node: Node, path: string): Promise<void> {
    const { observe } = node.device.byPath.get(path)!;
    const client = this.#client(node);
    const { location } = node.session.registration!;
    const finish = (end: 'on' | 'refused' | 'unanswered') => {
      // The answer of an earlier registration says nothing about this one.
      if (node.session.registration?.location === location)
        this.#apply(node, { kind: 'observation', path, end });
    };
    // A node that does not know the attributes is observed without them.
    const attributes = await client.writeAttributes(path, { pmin: observe!.pminS, pmax: observe!.pmaxS });
    if (attributes.kind === 'failed') return finish('unanswered');
    if (node.session.registration?.location !== location) return;
    this.#observations += 1;
    const id = `${this.#observations} ${node.device.spec.id} ${path}`;
    const outcome = await client.observe(id, path);
    if (outcome.kind === 'failed') return finish('unanswered');
    this.#apply(node, { kind: 'answered' });
    const error = this.#take(node, path, outcome.message);
    // A first value that cannot be read is one value; the node that is too busy is asked again.
    const isOn = outcome.message.code >> 5 === 2 && uintOf(outcome.message, OPTIONS.observe) !== undefined;
    if (outcome.message.code >> 5 === 5) return finish('unanswered');
    if (!isOn) {
      const { id: device } = node.device.spec;
      this.#context.log.warn(
        { device, path, error: error?.message },
        'A node does not let a resource be observed',
      );
    }
    return finish(isOn ? 'on' : 'refused');
  }

  /** Commands and groups that waited for the node, once it listens. */
  #wake(node: Node): void {
    if (node.wantedGroups.size === 0 && !this.#commands.isWaiting(node)) return;
    this.#commands.sendCloses(node);
    if (node.isWorking) return;
    node.isWorking = true;
    const work = async () => {
      await this.#commands.sendOthers(node);
      for (const group of [...node.wantedGroups]) {
        if (!isReachable(node.session, this.#context.clock.monotonicMs())) return;
        node.wantedGroups.delete(group);
        const outcome = await this.#readGroup(node, group);
        if (outcome && !this.#isStopped) this.#context.deliver(outcome);
      }
    };
    const fail = (thrown: unknown) => {
      const { id } = node.device.spec;
      this.#context.log.error({ device: id, error: asSluiceError(thrown).message }, 'Work for a node failed');
    };
    void runInTurn(node, 'work', work, fail).then(() => {
      node.isWorking = false;
    });
  }

  async #readGroup(node: Node, group: string): Promise<Outcome | undefined> {
    const { clock } = this.#context;
    const { id } = node.device.spec;
    const samples: Sample[] = [];
    let error: SluiceError | undefined;
    let isReached = false;
    for (const { path } of node.device.points.filter((point) => point.group === group)) {
      if (!node.session.registration) break;
      const answer = await this.#client(node).read(path);
      if (answer instanceof SluiceError) {
        error = answer;
        if (answer.code === 'COAP_TIMEOUT') break;
        isReached = true;
        continue;
      }
      isReached = true;
      this.#apply(node, { kind: 'answered' });
      const taken = this.#samplesOf(node, path, answer);
      samples.push(...taken.samples.flatMap((one) => one.samples));
      error = taken.error ?? error;
    }
    // A node that fell asleep in the middle is no failure: it is asked again when it wakes up.
    if (!isReached && node.session.registration?.isQueueMode !== false) {
      node.wantedGroups.add(group);
      return undefined;
    }
    node.traffic.readings += samples.length;
    const outcome = {
      device: id,
      timeMs: clock.nowMs(),
      isReached,
      samples: [...samples, ...this.#readings.trafficOf(node)],
    };
    return error ? { ...outcome, error } : outcome;
  }

  /** Delivers what an answer or a notification holds; returns what was wrong with it. */
  #take(node: Node, path: string, message: CoapMessage): SluiceError | undefined {
    const { samples, error } = this.#samplesOf(node, path, message);
    this.#readings.hear(node, samples, error);
    return error;
  }

  #samplesOf(
    node: Node,
    path: string,
    message: CoapMessage,
  ): { samples: TimedSamples[]; error?: SluiceError } {
    try {
      const refusal = this.#client(node).refusal(message, `GET ${path}`);
      if (refusal) throw refusal;
      const values = this.#readings.decode(
        node,
        uintOf(message, OPTIONS.contentFormat),
        message.payload,
        path,
      );
      return { samples: samplesOfValues(node.device, values, this.#context.clock.nowMs()) };
    } catch (thrown) {
      return { samples: [], error: asSluiceError(thrown) };
    }
  }

  #client(node: Node, peer = node.session.registration?.peer ?? node.peer ?? ''): NodeClient {
    const root = node.session.registration?.root ?? '';
    return new NodeClient(this.#transport, node.device.spec.id, peer, root);
  }

  #tick(): void {
    const { clock } = this.#context;
    for (const node of this.#byId.values()) {
      const location = node.session.registration?.location;
      this.#apply(node, { kind: 'time' });
      if (location && !node.session.registration) this.#byLocation.delete(location);
    }
    this.#commands.expire();
    if (!this.#isStopped) this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
  }
}

function plain(code: number): CoapContent {
  return { code, options: [], payload: NOTHING };
}
