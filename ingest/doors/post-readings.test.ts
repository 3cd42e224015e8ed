import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { encodeSenmlCbor } from '../../core/senml/senml-cbor.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { TestBroker } from '../testing/test-broker.ts';
import { WholeIngest } from '../testing/whole-ingest.ts';

const NOW_S = Math.floor(Date.now() / 1000);
const LINES = { 'content-type': 'text/plain; charset=utf-8' };

let ingest: WholeIngest;

async function start(settings: object = {}): Promise<void> {
  const broker = new TestBroker(await freePort());
  await broker.start();
  onTestFinished(() => broker.stop());
  ingest = await WholeIngest.start(broker.url, settings);
}

async function post(
  query: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = LINES,
): Promise<{ status: number; retryAfter: string | null; answer: Record<string, unknown> }> {
  const reply = await fetch(`${ingest.url}api/v1/readings${query}`, { method: 'POST', body, headers });
  const answer = (await reply.json()) as Record<string, unknown>;
  return { status: reply.status, retryAfter: reply.headers.get('retry-after'), answer };
}

describe('readings by POST', () => {
  beforeEach(() => start());

  test('in line protocol are in the store when the answer comes', async () => {
    const body = [
      '# from a data logger',
      `soil,site=farm,device=p1,zone=east moisture=23.5,temperature=8i ${NOW_S}`,
      `soil,device=p1,unit=K temperature=293.15 ${NOW_S + 1}`,
      `irrigation,device=p1,point=v3 valve_state=true ${NOW_S}`,
      `weird\\ thing,device=p1 a\\,b="text" ${NOW_S}`,
    ].join('\n');
    const { status, answer } = await post('?site=farm&precision=s', body);
    expect([status, answer]).toEqual([200, { stored: 5, untimed: 0, rejectedCount: 0, rejected: [] }]);
    expect(await ingest.last('p1')).toEqual({
      'soil/moisture': 23.5,
      'soil/temperature': 20,
      'irrigation/valve_state v3': 1,
      'foreign/weird thing/a,b': 'text',
    });
    expect(await ingest.counted('stored', 'http')).toBe(5);
  });

  test('sent again are the same readings, where they have times', async () => {
    const body = `soil,site=farm,device=p1 moisture=23.5 ${NOW_S}`;
    await post('?precision=s', body);
    await post('?precision=s', body);
    expect(ingest.store.size).toBe(1);
    const { answer } = await post('', 'soil,site=farm,device=p1 moisture=24');
    expect(answer).toMatchObject({ stored: 1, untimed: 1 });
    expect(ingest.store.size).toBe(2);
  });

  test('that are bad are named with their line, and the others stored; all of them bad is 400', async () => {
    const body = [
      `soil,site=farm,device=p1 moisture=23.5 ${NOW_S}`,
      'soil,site=farm',
      'soil,site=farm,host=a moisture=1',
      'soil,site=f.arm moisture=1',
      'soil moisture=1',
      `soil,site=farm,device=p1 ph=77,ec=400 ${NOW_S}`,
      `soil,site=farm,device=p1 ph=7 ${NOW_S + 86_400}`,
      'soil,site=farm,unit=lx ph=7',
    ].join('\n');
    const { status, answer } = await post('?precision=s', body);
    expect(status).toBe(200);
    expect(answer).toMatchObject({ stored: 2, rejectedCount: 7 });
    expect(
      (answer.rejected as { at: number; code: string }[]).map(({ at, code }) => `${at} ${code}`),
    ).toEqual([
      '2 LINE_INVALID',
      '3 LINE_INVALID',
      '4 ID_INVALID',
      '5 LINE_INVALID',
      '6 VALUE_OUT_OF_RANGE',
      '7 TIME_IMPOSSIBLE',
      '8 UNIT_UNCONVERTIBLE',
    ]);
    expect(await ingest.counted('received', 'http')).toBe(6);
    expect(await ingest.counted('rejected_total', 'http')).toBe(4);
    const all = await post('', 'soil moisture=1', { ...LINES, 'accept-language': 'zh' });
    expect(all.status).toBe(400);
    expect(all.answer).toMatchObject({ code: 'READINGS_REFUSED', stored: 0, rejectedCount: 1 });
    expect(JSON.stringify(all.answer)).toContain('缺少站点');
  });

  test('in SenML, JSON and CBOR, need their site and device in the address', async () => {
    const json = { 'content-type': 'application/senml+json' };
    const pack = [
      { bn: 'p2:', bt: NOW_S, n: 'soil/moisture', u: '/', v: 0.4 },
      { n: 'soil/ph', v: 70 },
    ];
    const missing = await post('?site=farm', JSON.stringify(pack), json);
    expect([missing.status, missing.answer.message]).toEqual([
      400,
      expect.stringContaining('device: missing'),
    ]);
    const { answer } = await post('?site=farm&device=p2&gateway=logger', JSON.stringify(pack), json);
    expect(answer).toMatchObject({ stored: 1, rejected: [{ at: 2, code: 'VALUE_OUT_OF_RANGE' }] });
    const cbor = Buffer.from(encodeSenmlCbor([{ bt: NOW_S, n: 'soil/ec', v: 700 }]));
    await post('?site=farm&device=p2', cbor, { 'content-type': 'application/senml+cbor' });
    expect(await ingest.last('p2')).toEqual({ 'soil/moisture': 40, 'soil/ec': 700 });
    const bad = await post('?site=farm&device=p2', '{}', json);
    expect([bad.status, bad.answer.code]).toEqual([400, 'PAYLOAD_INVALID']);
  });

  test('may come compressed; what unpacks to too much, or is of another kind, is refused', async () => {
    const packed = gzipSync(`soil,site=farm,device=p1 moisture=23.5 ${NOW_S}`);
    const gzip = { ...LINES, 'content-encoding': 'gzip' };
    expect(await post('?precision=s', packed, gzip)).toMatchObject({ status: 200, answer: { stored: 1 } });
    const bomb = await post('', gzipSync(Buffer.alloc(50_000_000, 'a')), gzip);
    expect([bomb.status, bomb.answer.code]).toEqual([413, 'BODY_TOO_LARGE']);
    const noGzip = await post('', 'no gzip', gzip);
    expect(noGzip.status).toBe(400);
    const json = await post('', '{}', { 'content-type': 'application/json' });
    expect([json.status, json.answer.message]).toEqual([
      400,
      expect.stringContaining('application/senml+json'),
    ]);
    expect(await post('', '')).toMatchObject({ status: 200, answer: { stored: 0, rejectedCount: 0 } });
    const strange = await post('?sight=farm', 'a b=1');
    expect([strange.status, strange.answer.message]).toEqual([
      400,
      expect.stringContaining('unknown parameter'),
    ]);
  });

  test('while the store is away are not taken, and the answer says when to come again', async () => {
    const body = `soil,site=farm,device=p1 moisture=23.5 ${NOW_S}`;
    ingest.store.isAway = true;
    const waiting = post('?precision=s', body);
    await eventually(() => ingest.kept.lines.some(({ details }) => details.code === 'STORE_UNAVAILABLE'));
    const refused = await post('?precision=s', body);
    expect(refused).toMatchObject({ status: 503, retryAfter: '5', answer: { code: 'STORE_UNAVAILABLE' } });
    ingest.store.isAway = false;
    expect((await waiting).status).toBe(200);
  });
});

test('no more readings are taken in one request than there may be room for', async () => {
  await start({ pipeline: { maxPendingReadings: 1_000 } });
  const body = Array.from({ length: 300 }, (_, n) => `soil,site=farm,device=p1 moisture=1 ${NOW_S - n}`);
  expect(await post('?precision=s', body.join('\n'))).toMatchObject({
    status: 413,
    answer: { code: 'BODY_TOO_LARGE' },
  });
  const fewer = await post('?precision=s', body.slice(0, 200).join('\n'));
  expect(fewer.answer).toMatchObject({ stored: 200 });
});

test('bodies that wait for the store are bounded together, and so is how long they wait', async () => {
  await start();
  const gate = Promise.withResolvers<void>();
  ingest.store.beforeWrite = () => gate.promise;
  const text = 'x'.repeat(4_000);
  const lines = Array.from({ length: 900 }, (_, n) => `x,site=farm,device=p1 a="${text}" ${NOW_S - n}`);
  const waiting = Array.from({ length: 6 }, () => post('?precision=s', lines.join('\n')));
  const answers = await Promise.all(waiting);
  gate.resolve();
  const codes = new Set(answers.map(({ answer }) => answer.code));
  expect(codes).toEqual(new Set(['READINGS_BUSY', 'READINGS_UNSTORED']));
});
