import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stepCoap } from '../../core/coap/endpoint.ts';
import {
  CELLULAR_TIMES,
  type CoapContent,
  type CoapEffect,
  type CoapInput,
  createCoapState,
} from '../../core/coap/endpoint-state.ts';
import { CODES, type CoapMessage, formatCode } from '../../core/coap/message.ts';
import { OPTIONS, pathOf, pathOptions, textOption, textsOf, uintOption } from '../../core/coap/option.ts';
import { checkConfig } from '../../core/config.ts';
import { FORMATS } from '../../core/lwm2m/content-format.ts';
import { resolveRecords } from '../../core/senml/resolve-records.ts';
import { decodeSenmlCbor } from '../../core/senml/senml-cbor.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { smallFarm } from '../testing.ts';
import { NbiotNode } from './nbiot-node.ts';
import { NodeConfig } from './node-config.ts';

interface Heard {
  readonly peer: string;
  readonly message: CoapMessage;
}

/** A server over real UDP that answers a registration and keeps all that it hears. */
async function server() {
  const socket = createSocket('udp4');
  let next = 0;
  const state = createCoapState({
    ...CELLULAR_TIMES,
    random: () => 0.5,
    newToken: () => Uint8Array.of(++next),
  });
  const requests: Heard[] = [];
  const answers = new Map<string, CoapMessage[]>();
  const failed: string[] = [];
  const datagrams: string[] = [];
  const taken = { register: CODES.created as number, update: CODES.changed as number };
  const step = (input: CoapInput) => {
    for (const effect of stepCoap(state, input, performance.now())) react(effect);
  };
  const react = (effect: CoapEffect) => {
    if (effect.kind === 'send') {
      const [host, port] = effect.peer.split(' ');
      socket.send(effect.bytes, Number(port), host);
    } else if (effect.kind === 'request') {
      const { exchange, message } = effect;
      requests.push({ peer: exchange.peer, message });
      const isRegister = pathOf(message) === '/rd';
      const code = isRegister
        ? taken.register
        : pathOf(message).startsWith('/rd/')
          ? taken.update
          : CODES.changed;
      const options = isRegister ? pathOptions('/rd/a1', OPTIONS.locationPath) : [];
      step({ kind: 'answer', exchange, answer: { code, options, payload: new Uint8Array() } });
    } else if (effect.kind === 'response' || effect.kind === 'notification') {
      answers.set(effect.id, [...(answers.get(effect.id) ?? []), effect.message]);
    } else if (effect.kind === 'failed') failed.push(effect.id);
  };
  socket.on('message', (bytes, { address, port }) => {
    datagrams.push(bytes.toString('hex'));
    step({ kind: 'received', peer: `${address} ${port}`, bytes });
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  let asked = 0;
  const ask = async (request: CoapContent, { isObserving = false, peer = requests.at(-1)!.peer } = {}) => {
    const id = `ask ${++asked}`;
    step({ kind: 'request', id, peer, request, isObserving });
    const [answer] = await eventually(() => answers.get(id));
    return { id, answer: answer! };
  };
  const port = (socket.address() as AddressInfo).port;
  return { port, requests, answers, failed, datagrams, ask, step, taken };
}

async function nodeAt(port: number, settings: Partial<NodeConfig> = {}) {
  const clock = new FakeClock();
  const config = checkConfig(NodeConfig, {
    id: 'probe-1',
    kind: 'nbiot-soil-node',
    zone: 'north',
    port,
    measureS: 60,
    ...settings,
  });
  const farm = smallFarm();
  const node = new NbiotNode(config, farm, 1, serviceContext({ clock }));
  onTestFinished(() => node.close());
  await node.open();
  const live = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      farm.step(1);
      node.step(1);
      await clock.advance(1000);
    }
  };
  return { node, farm, clock, live };
}

const NOTHING = new Uint8Array();
const get = (path: string, ...options: ReturnType<typeof uintOption>[]): CoapContent => ({
  code: CODES.get,
  options: [...pathOptions(path), ...options],
  payload: NOTHING,
});
const registered = (node: NbiotNode) => eventually(() => node.state.isRegistered);

describe('an LwM2M node', () => {
  it('registers with name, lifetime, queue mode and objects, and updates at half its lifetime', async () => {
    const { port, requests } = await server();
    const { node, clock } = await nodeAt(port, { lifetimeS: 300 });
    await registered(node);
    const [{ message }] = requests as [Heard];
    expect(pathOf(message)).toBe('/rd');
    expect(textsOf(message, OPTIONS.uriQuery)).toEqual(['lwm2m=1.1', 'ep=probe-1', 'lt=300', 'b=U', 'Q']);
    expect(Buffer.from(message.payload).toString()).toContain('</3303/0>');
    await clock.advance(140_000);
    expect(requests).toHaveLength(1);
    await clock.advance(15_000);
    await eventually(() => requests.length === 2);
    expect(pathOf(requests[1]!.message)).toBe('/rd/a1');
  });

  it('registers again where the server has forgotten it, and tries again later where it is refused', async () => {
    const { port, requests, taken } = await server();
    taken.register = CODES.forbidden;
    const { node, clock } = await nodeAt(port, { lifetimeS: 60 });
    await eventually(() => requests.length === 1);
    taken.register = CODES.created;
    await eventually(async () => {
      await clock.advance(1000);
      return node.state.isRegistered;
    });
    taken.update = CODES.notFound;
    await clock.advance(31_000);
    await eventually(() => requests.filter(({ message }) => pathOf(message) === '/rd').length === 3);
  });

  it('answers reads in TLV, SenML and text, and refuses what it has not', async () => {
    const { port, ask } = await server();
    const { node } = await nodeAt(port);
    await registered(node);
    const tlv = await ask(get('/3/0/9', uintOption(OPTIONS.accept, FORMATS.tlv)));
    expect(Buffer.from(tlv.answer.payload).toString('hex')).toBe('c10960');
    const text = await ask(get('/3/0/9', uintOption(OPTIONS.accept, FORMATS.text)));
    expect(Buffer.from(text.answer.payload).toString()).toBe('96');
    const own = await ask(get('/3320/0'));
    const records = resolveRecords(decodeSenmlCbor(own.answer.payload), 0);
    expect(records[0]).toMatchObject({ name: '/3320/0/5700', value: expect.closeTo(27, 0) });
    expect((await ask(get('/3303'))).answer.code).toBe(CODES.content);
    expect(formatCode((await ask(get('/9999/0'))).answer.code)).toBe('4.04');
    expect(formatCode((await ask(get('/3/0', uintOption(OPTIONS.accept, 60)))).answer.code)).toBe('4.06');
    expect(formatCode((await ask(get('/3/0/4'))).answer.code)).toBe('4.05');
  });

  it('notifies an observer when the value has moved, not before pmin and not after pmax', async () => {
    const { port, ask, answers } = await server();
    const { node, farm, live } = await nodeAt(port, { measureS: 10, queueMode: false });
    await registered(node);
    const attributes = { code: CODES.put, options: pathOptions('/3320/0/5700'), payload: NOTHING };
    const query = ['pmin=5', 'pmax=3600'].map((one) => textOption(OPTIONS.uriQuery, one));
    const set = await ask({ ...attributes, options: [...attributes.options, ...query] });
    expect(set.answer.code).toBe(CODES.changed);
    const observed = await ask(get('/3320/0/5700', uintOption(OPTIONS.observe, 0)), { isObserving: true });
    await live(1);
    farm.zone('north').valve.send(true);
    await live(300);
    const told = await eventually(() => {
      const notes = answers.get(observed.id) ?? [];
      return notes.length > 3 && notes;
    });
    const values = told.map(({ payload }) => Number(resolveRecords(decodeSenmlCbor(payload), 0)[0]!.value));
    expect(values.at(-1)!).toBeGreaterThan(values[0]! + 0.3);
  });

  it('sleeps: hears nothing until it speaks again', async () => {
    const { port, ask, requests, step, answers } = await server();
    const { node, clock } = await nodeAt(port, { lifetimeS: 100, awakeS: 5 });
    await registered(node);
    expect((await ask(get('/3/0/9'))).answer.code).toBe(CODES.content);
    await clock.advance(10_000);
    expect(node.state.isAwake).toBe(false);
    const heard = node.state.datagrams.received;
    step({ kind: 'request', id: 'lost', peer: requests[0]!.peer, request: get('/3/0/9') });
    await clock.advance(45_000);
    await eventually(() => requests.length === 2);
    await eventually(() => node.state.datagrams.received === heard + 1);
    expect(answers.get('lost')).toBeUndefined();
    expect(node.state.isAwake).toBe(true);
  });

  it('sends by itself what it measures, with its own time, wrong where its clock is', async () => {
    const { port, requests } = await server();
    const { node, clock } = await nodeAt(port, { report: 'send', measureS: 30 });
    await registered(node);
    node.setFaults([{ kind: 'wrong-clock', offsetS: -1000 }]);
    await clock.advance(31_000);
    const { message } = await eventually(() => requests.find((one) => pathOf(one.message) === '/dp'));
    const records = resolveRecords(decodeSenmlCbor(message.payload), 0);
    expect(records.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['/3303/0/5700', '/3320/0/5700', '/3327/0/5700', '/3/0/9']),
    );
    const offMs = records[0]!.timeMs! - (Date.UTC(2026, 5, 1) + 30_000);
    expect(Math.abs(offMs + 1_000_000)).toBeLessThan(2000);
  });

  it('takes writes and executes: a new lifetime goes out at once, a reboot begins anew', async () => {
    const { port, requests, ask } = await server();
    const { node, clock } = await nodeAt(port);
    await registered(node);
    const options = [...pathOptions('/1/0/1'), uintOption(OPTIONS.contentFormat, FORMATS.text)];
    const { answer } = await ask({ code: CODES.put, options, payload: Buffer.from('600') });
    expect(answer.code).toBe(CODES.changed);
    const update = await eventually(() => requests[1]);
    expect(textsOf(update.message, OPTIONS.uriQuery)).toEqual(['lt=600']);
    const wrong = {
      code: CODES.put,
      options: [...pathOptions('/3/0/9'), options.at(-1)!],
      payload: Buffer.from('1'),
    };
    expect(formatCode((await ask(wrong)).answer.code)).toBe('4.05');
    await ask({ code: CODES.post, options: pathOptions('/3/0/4'), payload: NOTHING });
    expect(node.state.isRegistered).toBe(false);
    await clock.advance(3000);
    await registered(node);
    expect(requests.filter(({ message }) => pathOf(message) === '/rd')).toHaveLength(2);
  });

  it('moves to another address, sends twice, and loses its share, the same for the same seed', async () => {
    const { port, requests, datagrams } = await server();
    const { node, clock } = await nodeAt(port, { lifetimeS: 60, faults: [{ kind: 'duplicate' }] });
    await registered(node);
    expect(datagrams.length).toBe(2);
    expect(datagrams[0]).toBe(datagrams[1]);
    expect(requests).toHaveLength(1);
    await node.moveAddress();
    await clock.advance(31_000);
    await eventually(() => requests.length === 2);
    expect(requests[1]!.peer).not.toBe(requests[0]!.peer);
    node.setFaults([{ kind: 'dead' }]);
    const { sent } = node.state.datagrams;
    await clock.advance(120_000);
    expect(node.state.datagrams.sent).toBe(sent);
  });
});

describe('a node that only posts', () => {
  it('posts SenML under its name, and what was not acknowledged again with its own time', async () => {
    const { port, requests } = await server();
    const { node, clock } = await nodeAt(port, { protocol: 'coap', format: 'senml-json', measureS: 300 });
    const first = await eventually(() => requests[0]);
    expect(pathOf(first.message)).toBe('/senml/probe-1');
    await eventually(() => !node.state.isAwake);
    node.setFaults([{ kind: 'loss' }]);
    await clock.advance(350_000);
    node.setFaults([]);
    await clock.advance(251_000);
    const later = await eventually(() => requests[1]);
    const pack = JSON.parse(Buffer.from(later.message.payload).toString());
    const times = pack.flatMap(({ bt }: { bt?: number }) => bt ?? []);
    expect(times).toHaveLength(2);
    expect(times[1] - times[0]).toBe(300);
    expect(pack[0]).toMatchObject({ n: 'temperature', u: 'Cel', v: expect.any(Number) });
  });
});
