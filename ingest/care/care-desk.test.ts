import { expect, onTestFinished, test } from 'vitest';
import type { CareRequest } from '../../core/care-request.ts';
import { asSluiceError } from '../../core/errors.ts';
import type { GatewayEvent } from '../../core/gateway-event.ts';
import { createLog } from '../../core/log.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { stepHost } from '../session/host-session.ts';
import { createHostState } from '../session/host-state.ts';
import { double, type EdgeMessage, EdgeMessages } from '../testing/edge-messages.ts';
import { CareDesk, type CareWish } from './care-desk.ts';

const WISH: CareWish = {
  site: 'farm',
  gateway: 'pump-house',
  what: { action: 'apply-config', config: 'site: farm' },
  issuer: 'api:li',
  validForS: 60,
};

async function setUp() {
  const clock = new FakeClock();
  const folder = temporaryFolder();
  const edge = new EdgeMessages();
  const sent: CareRequest[] = [];
  const host = createHostState({
    ...{ hostId: 'sluice', reorderMs: 2_000, rebirthIntervalMs: 10_000, rebirthsPerS: 50, silenceMs: 60_000 },
    ...{ maxGateways: 10, maxSeriesPerGateway: 100 },
  });
  const take = ({ topic, bytes }: EdgeMessage) =>
    stepHost(host, { kind: 'message', topic, bytes, at: { nowMs: clock.nowMs(), monotonicMs: 0 } });
  take(edge.nbirth([double('gateway/cpu', 5, 0)]));
  const started = async () => {
    const desk = new CareDesk({
      ...{ folder, clock, host, log: createLog('silent') },
      publish: (topic, payload) => {
        expect(topic).toBe('spBv1.0/farm/NCMD/pump-house');
        const [metric] = decodePayload(payload).metrics;
        expect(metric!.name).toBe('Care/Request');
        sent.push(JSON.parse(String(metric!.value)));
      },
    });
    await desk.start();
    onTestFinished(() => desk.stop());
    return desk;
  };
  const answer = (request: string, gateway = 'pump-house') => {
    const event: GatewayEvent = {
      ...{ id: 'e', kind: 'care', request, action: 'apply-config', issuer: 'api:li' },
      ...{ timeMs: clock.nowMs(), isDone: true, result: { version: 1 } },
    };
    return [{ site: 'farm', gateway, event, text: JSON.stringify(event) }];
  };
  return { clock, sent, started, answer, die: () => take(edge.ndeath()) };
}

test('a request goes out again until it is answered, by the gateway that was asked and nobody else', async () => {
  const { clock, sent, started, answer } = await setUp();
  const desk = await started();
  const { request } = desk.submit(WISH);
  await clock.advance(10_000);
  expect(sent.map(({ id }) => id)).toEqual([request.id, request.id, request.id]);
  expect(sent[0]).toMatchObject({ action: 'apply-config', config: 'site: farm', issuer: 'api:li' });
  desk.take(answer(request.id, 'barn'));
  expect(desk.stateOf(desk.get(request.id)!)).toBe('pending');
  desk.take(answer(request.id));
  await clock.advance(60_000);
  expect(sent).toHaveLength(3);
  const record = desk.get(request.id)!;
  expect(desk.stateOf(record)).toBe('done');
  expect(record.answer).toMatchObject({ result: { version: 1 } });
});

test('a restart goes on with what is open, and lets what has expired be', async () => {
  const { clock, sent, started, answer } = await setUp();
  const first = await started();
  const { request } = first.submit(WISH);
  await first.stop();
  const second = await started();
  expect(sent).toHaveLength(2);
  await second.stop();
  await clock.advance(61_000);
  const third = await started();
  expect(sent).toHaveLength(2);
  // New settings may be on trial still: the answer is waited for, and taken.
  expect(third.stateOf(third.get(request.id)!)).toBe('pending');
  await clock.advance(3 * 3_600_000);
  expect(third.stateOf(third.get(request.id)!)).toBe('unanswered');
  third.take(answer(request.id));
  expect(third.stateOf(third.get(request.id)!)).toBe('done');
});

test('a gateway that is unknown or offline is not asked', async () => {
  const { started, die, sent } = await setUp();
  const desk = await started();
  const codeOf = (wish: CareWish) => {
    try {
      desk.submit(wish);
    } catch (thrown) {
      return asSluiceError(thrown).code;
    }
    return undefined;
  };
  expect(codeOf({ ...WISH, gateway: 'barn' })).toBe('COMMAND_TARGET_UNKNOWN');
  die();
  expect(codeOf(WISH)).toBe('COMMAND_TARGET_OFFLINE');
  expect(sent).toEqual([]);
});

test('the record says who asked for what, newest first', async () => {
  const { started } = await setUp();
  const desk = await started();
  desk.submit(WISH);
  desk.submit({ ...WISH, what: { action: 'restart' }, issuer: 'api:wang' });
  expect(desk.find('farm', 'pump-house', 9).map(({ request }) => [request.action, request.issuer])).toEqual([
    ['restart', 'api:wang'],
    ['apply-config', 'api:li'],
  ]);
});
