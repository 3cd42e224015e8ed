import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { Ajv } from 'ajv';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { QUANTITIES } from '../../core/quantities.ts';
import { seriesKey } from '../../core/reading.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { gatewayAlert } from '../notify/testing/alerts.ts';
import type { App } from './app.ts';
import { type AppOptions, buildApp } from './build-app.ts';
import { FakeSources } from './testing/fake-sources.ts';

const clock = new FakeClock();
const NOW = clock.nowMs();
const north = { site: 'farm', gateway: 'pump-house', device: 'soil-north', zone: 'north' };
const moisture = seriesKey({ ...north, measurement: 'soil', field: 'moisture', unit: '%' });
const southMoisture = { ...moisture, device: 'soil-south', zone: 'south' };
const presence = {
  online: true,
  presence: 'online' as const,
  sinceMs: NOW - 60_000,
  lastSeenMs: NOW - 1_000,
};
const gateway = { site: 'farm', gateway: 'pump-house', ...presence, missedMessages: 3 };
const details = {
  repeated: 0,
  deferred: 0,
  rejectedByCode: new Map([['UNIT_UNKNOWN', 2]]),
  droppedFromMs: NOW - 60_000,
  droppedToMs: NOW,
};

async function farm(options: Partial<AppOptions> = {}) {
  const sources = new FakeSources();
  sources.put(moisture, NOW - 10_000, 23.4);
  sources.put(moisture, NOW - 5_000, 23.5, { quality: 'uncertain' });
  sources.put(southMoisture, NOW - 5_000, 31);
  sources.thresholds.put({
    ...{
      id: 'one',
      version: 1,
      setBy: 'li',
      setMs: NOW,
      why: 'sandy',
      measurement: 'soil',
      field: 'moisture',
    },
    ...{ scope: { site: 'farm' }, rule: { kind: 'bounds', low: { raise: 20, clear: 22 } } },
    ...{ forS: 600, severity: 'warning', enabled: true },
  });
  sources.alertEvents = [{ event: gatewayAlert('one'), place: { timeMs: 0, seq: 1 } }];
  sources.commands.put({
    ...{
      id: 'one',
      site: 'farm',
      gateway: 'pump-house',
      device: 'valves',
      metric: 'irrigation/valve_state/v1',
    },
    ...{
      value: true,
      dataType: 11,
      leaseMs: 600_000,
      issuer: 'api',
      submittedMs: NOW,
      expiresAtMs: NOW + 30_000,
    },
    state: 'pending',
  });
  sources.cared.push({
    site: 'farm',
    gateway: 'pump-house',
    request: { id: 'one', action: 'restart', issuer: 'api', expiresAtMs: NOW + 60_000 },
    submittedMs: NOW,
  });
  sources.kept.push({
    ...{ id: 7, site: 'farm', gateway: 'pump-house', kind: 'quarantine', code: 'TIME_IMPOSSIBLE' },
    details: { time: '2036-01-01T00:00:00.000Z', aheadS: 300, gateway: 'pump-house' },
    ...{ receivedMs: NOW, state: 'waiting', triedMs: undefined },
    content: {
      reading: {
        ...{ device: 'soil-north', name: 'soil/moisture', properties: { engUnit: '%' }, value: 23 },
        ...{ timeMs: NOW + 600_000, sentMs: NOW + 600_010, status: 0, isHistorical: false },
        ...{ isCut: false, identity: undefined },
      },
    },
  });
  sources.gatewayStatuses = [{ ...gateway, devices: [{ device: 'soil-north', ...presence }] }];
  const counts = { received: 10, stored: 6, rejected: 2, dropped: 1, inFlight: 1 };
  sources.gatewayCounters = [{ site: 'farm', gateway: 'pump-house', ...counts, ...details }];
  const app = await buildApp(sources, { clock, log: createLog('silent'), ...options });
  onTestFinished(() => app.close());
  return { app, sources };
}

async function get(app: App, url: string, headers: Record<string, string> = {}) {
  const response = await app.inject({ url, headers });
  return { status: response.statusCode, body: response.json(), headers: response.headers };
}

const unnumbered = {
  ledger: 'none',
  produced: 0,
  stored: 0,
  rejected: 0,
  dropped: 0,
  inFlight: 0,
  share: null,
};

describe('readings', () => {
  it('lists the newest reading of each series with its unit, its tags and how far it can be trusted', async () => {
    const { app } = await farm();
    const { body } = await get(app, '/api/v1/last?zone=north');
    expect(body).toEqual({
      nowMs: NOW,
      readings: [
        {
          measurement: 'soil',
          field: 'moisture',
          unit: '%',
          tags: north,
          timeMs: NOW - 5_000,
          value: 23.5,
          quality: 'uncertain',
          clock: 'synced',
          stale: false,
        },
      ],
    });
  });

  it.each([
    ['its device is offline', { devices: [{ device: 'soil-north', ...presence, online: false }] }],
    ['its gateway is offline', { online: false, devices: [] }],
  ])('marks a reading as stale when %s', async (_, change) => {
    const { app, sources } = await farm();
    sources.gatewayStatuses = [{ ...gateway, ...change }];
    const { body } = await get(app, '/api/v1/last?device=soil-north');
    expect(body.readings[0].stale).toBe(true);
  });

  it.each(['/api/v1/last?zone=north', '/api/v1/gateways'])(
    'sends %s again only once it has changed',
    async (url) => {
      const { app, sources } = await farm();
      const first = await app.inject(url);
      const poll = () => app.inject({ url, headers: { 'if-none-match': `"other", ${first.headers.etag}` } });
      const same = await poll();
      expect([same.statusCode, same.body]).toEqual([304, '']);
      sources.put(moisture, NOW, 23.5);
      sources.gatewayStatuses = [{ ...sources.gatewayStatuses[0]!, lastSeenMs: NOW }];
      const changed = await poll();
      expect(changed.statusCode).toBe(200);
      expect(changed.headers.etag).not.toBe(first.headers.etag);
    },
  );

  it('takes a repeated tag as any of', async () => {
    const { app } = await farm();
    expect((await get(app, '/api/v1/series?zone=north&zone=south')).body.series).toHaveLength(2);
    expect((await get(app, '/api/v1/series?zone=')).body.series).toHaveLength(0);
    const { body } = await get(app, '/api/v1/series?measurement=soil&field=moisture&zone=south');
    expect(body.series).toEqual([
      {
        measurement: 'soil',
        field: 'moisture',
        unit: '%',
        tags: { ...north, device: 'soil-south', zone: 'south' },
      },
    ]);
  });

  it('answers with columns over a time, and the quality of each where nothing was aggregated', async () => {
    const { app } = await farm();
    const { body } = await get(app, '/api/v1/query?measurement=soil&field=moisture&device=soil-north');
    expect(body).toEqual({
      measurement: 'soil',
      field: 'moisture',
      unit: '%',
      series: [
        {
          tags: north,
          timeMs: [NOW - 10_000, NOW - 5_000],
          value: [23.4, 23.5],
          quality: ['good', 'uncertain'],
        },
      ],
    });
  });

  it('asks the store for the last hour unless told otherwise, and never for more than the cap', async () => {
    const { app, sources } = await farm();
    await get(app, '/api/v1/query?measurement=soil&field=moisture');
    expect(sources.queries[0]).toEqual({
      measurement: 'soil',
      field: 'moisture',
      where: {},
      fromMs: NOW - 3_600_000,
      toMs: NOW,
      maxPoints: 100_000,
    });
  });

  it('passes windows, functions and groups on', async () => {
    const { app, sources } = await farm();
    const time = `from=2026-05-31T08:00:00%2B08:00&to=${NOW}`;
    const { body } = await get(
      app,
      `/api/v1/query?measurement=soil&field=moisture&${time}&every=5m&fn=max&groupBy=zone,device&site=farm`,
    );
    expect(sources.queries[0]).toMatchObject({
      where: { site: ['farm'] },
      fromMs: Date.UTC(2026, 4, 31),
      toMs: NOW,
      window: { everyMs: 300_000, fn: 'max' },
      groupBy: ['zone', 'device'],
    });
    expect(body.series[0]).not.toHaveProperty('quality');
  });

  it('gives a foreign quantity the unit it was born with', async () => {
    const { app, sources } = await farm();
    sources.put(seriesKey({ ...north, measurement: 'acme', field: 'spin', unit: 'rpm' }), NOW - 1, 7);
    expect((await get(app, '/api/v1/query?measurement=acme&field=spin')).body.unit).toBe('rpm');
  });

  it('refuses an answer that would be too large', async () => {
    const { app, sources } = await farm();
    const busy = { ...moisture, device: 'busy' };
    for (let i = 0; i < 100_001; i++) sources.put(busy, NOW - 3_000_000 + i, i);
    const { status, body } = await get(app, '/api/v1/query?measurement=soil&field=moisture');
    expect([status, body.code]).toEqual([400, 'QUERY_TOO_LARGE']);
  });
});

describe('a wrong request', () => {
  const query = '/api/v1/query?measurement=soil&field=moisture';
  it.each([
    ['/api/v1/last?zome=north', 'zome', 'allowed: measurement, field, site, gateway, device, point, zone'],
    ['/api/health?x=1', 'x', 'none is allowed here'],
    ['/api/v1/query?measurement=soil', 'field', 'missing'],
    ['/api/v1/last?measurement=', 'measurement', 'is empty'],
    [`/api/v1/last?zone=${'z'.repeat(65)}`, 'zone', 'longer than 64'],
    [`/api/v1/last?${'zone=z&'.repeat(201)}`, 'zone', 'more than 200 times'],
    ['/api/v1/last?measurement=a&measurement=b', 'measurement', 'more than once'],
    [`${query}&from=yesterday`, 'from', 'ISO 8601'],
    [`${query}&from=1780000000`, 'from', '13 digits'],
    [`${query}&from=2026-06-01T00:00`, 'from', 'with a zone'],
    [`${query}&to=2026-13-01`, 'to', 'is not a time'],
    [`${query}&to=2026-02-31T00:00:00Z`, 'to', 'is not a time'],
    [`${query}&from=2026-06-02&to=2026-06-01`, 'from', 'must be before "to"'],
    [`${query}&every=0s`, 'every', 'is not a duration'],
    [`${query}&every=5`, 'every', '10s or 1h'],
    [`${query}&every=5m&fn=median`, 'fn', 'mean, min, max, sum, count, first, last'],
    [`${query}&fn=max`, 'fn', 'needs "every"'],
    [`${query}&every=5m&fn=p99`, 'fn', 'percentiles are not kept of "soil/moisture"'],
    [`${query}&groupBy=zone,colour`, 'groupBy', '"colour" is not a tag'],
  ])('%s names the field and what is allowed', async (url, field, words) => {
    const { app } = await farm();
    const { status, body } = await get(app, url);
    expect([status, body.code, body.details.field]).toEqual([400, 'REQUEST_INVALID', field]);
    expect(body.message).toContain(words);
  });

  it('is explained in Chinese to whoever prefers it', async () => {
    const { app } = await farm();
    const prefersChinese = { 'accept-language': 'en;q=0.5, zh-CN' };
    const { body } = await get(app, '/api/v1/last?zome=north', prefersChinese);
    expect(body.message).toMatch(/^zome：未知参数；可用参数：/);
  });

  it.each([
    '/api/v1/last?measurement=',
    `/api/v1/last?zone=${'z'.repeat(65)}`,
    `/api/v1/last?${'zone=z&'.repeat(201)}`,
    '/api/%E0%A4%A',
  ])('%s is explained in Chinese without a word of English', async (url) => {
    const { app } = await farm();
    const { body } = await get(app, url, { 'accept-language': 'zh' });
    expect(body.details.problem).not.toMatch(/[a-y]/i);
  });

  it('is answered in a few words however long it was', async () => {
    const { app } = await farm();
    const long = 'x'.repeat(9_000);
    for (const wrong of [`zone=${long}`, `${long}=1`, `every=${long}`, `from=${long}`, `groupBy=${long}`]) {
      const response = await app.inject(`/api/v1/query?measurement=soil&field=moisture&${wrong}`);
      expect(response.statusCode).toBe(400);
      expect(response.body.length).toBeLessThan(1_000);
    }
  });

  it.each(['POST', 'DELETE', 'OPTIONS', 'PUT'] as const)('by %s says what is allowed', async (method) => {
    const { app } = await farm();
    const response = await app.inject({
      method,
      url: '/api/v1/last?x=1',
      headers: { 'accept-language': 'zh' },
    });
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe('GET, HEAD');
    expect(response.json().message).toBe(`此处不支持 ${method} /api/v1/last。请使用 GET, HEAD。`);
    expect((await app.inject({ method: 'HEAD', url: '/api/v1/last' })).statusCode).toBe(200);
  });

  it('to a path that does not exist says so', async () => {
    const { app } = await farm();
    const { status, body } = await get(app, '/api/v1/nothing?x=1');
    expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
    expect(body.message).toContain('GET /api/v1/nothing.');
    expect((await app.inject({ method: 'DELETE', url: '/api/v1/nothing' })).json().code).toBe('NOT_FOUND');
  });

  it('with a path that does not decode is refused like any other', async () => {
    const { app } = await farm();
    expect((await get(app, '/api/%E0%A4%A')).body.code).toBe('REQUEST_INVALID');
  });
});

describe('state', () => {
  it('is up, degraded or down, and only down when something essential is', async () => {
    const { app, sources } = await farm();
    expect((await get(app, '/api/health')).body).toEqual({
      status: 'up',
      components: [{ name: 'store', state: 'up' }],
    });
    const error = new SluiceError('STORE_UNAVAILABLE', { store: 'influx', reason: 'x', mend: 'y' });
    sources.components.push({ name: 'mqtt', state: 'down', essential: false, error });
    expect(await get(app, '/api/health')).toMatchObject({ status: 200, body: { status: 'degraded' } });
    sources.components.push({ name: 'store-2', state: 'down', essential: true, error });
    const down = await get(app, '/api/health', { 'accept-language': 'zh' });
    expect(down).toMatchObject({ status: 503, body: { status: 'down' } });
    expect(down.body.components[1]).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(down.body.components[1].message).toMatch(/^无法访问 influx 存储/);
  });

  it('lists gateways with their devices and what they have sent', async () => {
    const { app } = await farm();
    expect((await get(app, '/api/v1/gateways')).body).toEqual({
      gateways: [
        {
          ...gateway,
          devices: [{ device: 'soil-north', ...presence }],
          received: 10,
          stored: 6,
          rejected: 2,
          dropped: 1,
          delivery: unnumbered,
        },
      ],
    });
  });

  it('passes a store that cannot be reached on as 503, and a defect as 500, without stopping', async () => {
    const { app, sources } = await farm();
    sources.storeError = new SluiceError('STORE_UNAVAILABLE', {
      store: 'influx',
      reason: 'refused',
      mend: '',
    });
    expect(await get(app, '/api/v1/last')).toMatchObject({
      status: 503,
      body: { code: 'STORE_UNAVAILABLE' },
    });
    sources.storeError = new TypeError('oops');
    expect(await get(app, '/api/v1/last')).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
    sources.storeError = undefined;
    expect((await get(app, '/api/v1/last')).status).toBe(200);
  });
});

describe('metrics', () => {
  it('account for every reading by gateway, and time requests by route', async () => {
    const { app } = await farm();
    await get(app, '/api/v1/last?zone=north');
    const text = (await app.inject('/metrics')).body;
    for (const line of [
      'sluice_readings_received_total{site="farm",gateway="pump-house"} 10',
      'sluice_readings_stored_total{site="farm",gateway="pump-house"} 6',
      'sluice_readings_rejected_total{site="farm",gateway="pump-house"} 2',
      'sluice_readings_dropped_total{site="farm",gateway="pump-house"} 1',
      'sluice_readings_in_flight{site="farm",gateway="pump-house"} 1',
      'sluice_readings_rejected_by_reason_total{reason="UNIT_UNKNOWN"} 2',
      `sluice_readings_dropped_from_timestamp_seconds{site="farm",gateway="pump-house"} ${NOW / 1000 - 60}`,
      `sluice_readings_dropped_to_timestamp_seconds{site="farm",gateway="pump-house"} ${NOW / 1000}`,
      'sluice_messages_missed_total{site="farm",gateway="pump-house"} 3',
      'sluice_gateways_online{site="farm",gateway="pump-house"} 1',
      'sluice_component_up{component="store"} 1',
      'sluice_http_request_duration_seconds_count{method="GET",route="/api/v1/last",status="200"} 1',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('stay bounded however many gateways and paths are named', async () => {
    const { app, sources } = await farm();
    const counts = { received: 1, stored: 1, rejected: 0, dropped: 0, inFlight: 0 };
    sources.gatewayCounters = Array.from({ length: 700 }, (_, i) => ({
      site: 's',
      gateway: `g${i}`,
      ...counts,
      ...details,
    }));
    for (let i = 0; i < 20; i++) await app.inject(`/no/${i}`);
    const lines = (await app.inject('/metrics')).body.split('\n');
    expect(lines.filter((line) => line.startsWith('sluice_readings_stored_total'))).toHaveLength(501);
    expect(lines).toContain('sluice_readings_stored_total{site="other",gateway="other"} 200');
    expect(lines.filter((line) => line.includes('_seconds_count') && line.includes('404'))).toHaveLength(1);
  });
});

describe('what is reachable', () => {
  it.each(['localhost:8080', '127.0.0.1', '[::1]:8080', 'LOCALHOST', 'farm.example.org'])(
    'answers under the name %s',
    async (host) => {
      const { app } = await farm({ allowedHosts: ['farm.example.org'] });
      expect((await get(app, '/api/health', { host })).status).toBe(200);
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example', '10.0.0.1:8080', 'localhost.evil.example'])(
    'refuses the name %s, which a page elsewhere could have pointed here',
    async (host) => {
      const { app } = await farm();
      for (const url of ['/api/v1/last', '/', '/nope']) {
        const { status, body } = await get(app, url, { host });
        expect([status, body.code]).toEqual([403, 'HOST_NOT_ALLOWED']);
      }
    },
  );

  it('forbids framing, sniffing, referrers and anything from another origin, on every answer', async () => {
    const consoleFolder = temporaryFolder();
    writeFileSync(join(consoleFolder, 'index.html'), '<p>');
    const { app } = await farm({ consoleFolder });
    for (const url of ['/', '/api/health', '/nope', '/api/v1/last?x=1', '/api/%E0%A4%A', '/metrics']) {
      const { headers } = await app.inject(url);
      expect(headers['content-security-policy']).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      });
      const isPage = url === '/';
      expect(headers['cache-control']).toBe(isPage ? 'no-cache' : 'no-store');
      expect(headers['referrer-policy']).toBe(isPage ? 'no-referrer' : undefined);
      expect(headers['content-security-policy']!.includes("script-src 'self'")).toBe(isPage);
    }
  });

  it('compresses what is worth it', async () => {
    const { app } = await farm();
    const { headers, rawPayload } = await app.inject({
      url: '/api/v1/quantities',
      headers: { 'accept-encoding': 'br, gzip' },
    });
    expect(headers['content-encoding']).toBe('br');
    expect(JSON.parse(brotliDecompressSync(rawPayload).toString()).quantities).toHaveLength(
      QUANTITIES.length,
    );
  });
});

describe('the console', () => {
  it('says how to build it while it is not there', async () => {
    const { app } = await farm({ consoleFolder: join(temporaryFolder(), 'missing') });
    const response = await app.inject('/');
    expect(response.statusCode).toBe(503);
    expect(response.headers['content-type']).toContain('text/html');
    expect(response.body).toContain('npm run prepare');
  });

  it('is served compressed as it was built, hashed files for ever and the page itself checked each time', async () => {
    const consoleFolder = temporaryFolder();
    mkdirSync(join(consoleFolder, 'assets'));
    writeFileSync(join(consoleFolder, 'index.html'), '<p>plain');
    writeFileSync(join(consoleFolder, 'index.html.br'), 'brotli');
    writeFileSync(join(consoleFolder, 'assets', 'app-1a2b.js'), 'let a');
    const { app } = await farm({ consoleFolder });
    const page = await app.inject({ url: '/', headers: { 'accept-encoding': 'br' } });
    expect([page.statusCode, page.body]).toEqual([200, 'brotli']);
    expect(page.headers).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
    });
    const again = await app.inject({
      url: '/',
      headers: { 'if-none-match': String(page.headers.etag), 'accept-encoding': 'br' },
    });
    expect(again.statusCode).toBe(304);
    const script = await app.inject('/assets/app-1a2b.js');
    expect(script.headers['cache-control']).toContain('immutable');
    expect(script.headers['content-type']).toContain('javascript');
    expect((await app.inject('/../package.json')).statusCode).toBe(404);
    writeFileSync(join(consoleFolder, '.built'), '');
    expect((await app.inject('/.built')).statusCode).toBe(404);
    expect((await get(app, '/assets/gone.js')).body.code).toBe('NOT_FOUND');
  });
});

describe('/api/v1/gateways/{site}/{gateway}/care', () => {
  const url = '/api/v1/gateways/farm/pump-house/care';
  const post = async (payload: object) => {
    const { app, sources } = await farm();
    const reply = await app.inject({ method: 'POST', url, payload });
    return { status: reply.statusCode, body: reply.json(), sources };
  };

  it('takes a request with what its action needs, and says who asked', async () => {
    const payload = {
      action: 'apply-config',
      config: 'site: farm',
      profiles: { 'a.yaml': 'b' },
      issuer: 'li',
    };
    const { status, body, sources } = await post(payload);
    expect(status).toBe(202);
    expect(body).toMatchObject({ action: 'apply-config', issuer: 'api:li', state: 'pending' });
    expect(sources.cared.at(-1)!.request).toMatchObject({
      config: 'site: farm',
      profiles: { 'a.yaml': 'b' },
    });
  });

  it.each([
    [{ action: 'apply-config' }, 'config'],
    [{ action: 'probe' }, 'device'],
    [{ action: 'restart', config: 'x' }, 'config'],
    [{ action: 'probe', device: 'a', profiles: { 'a.yaml': '' } }, 'profiles'],
    [{ action: 'explode' }, 'action'],
    [{ action: 'check-config', config: 'x', profiles: { '../a.yaml': '' } }, '../a.yaml'],
    [{ action: 'set-log-level', level: 'debug', forS: 0 }, 'forS'],
  ])('names what is wrong with %j', async (payload, field) => {
    const { status, body } = await post(payload);
    expect(status).toBe(400);
    expect(body.message).toContain(field);
  });

  it('refuses a page of another origin, and takes one of its own', async () => {
    const { app } = await farm();
    const from = (origin: string) =>
      app.inject({
        method: 'POST',
        url,
        payload: { action: 'restart' },
        headers: { origin, host: 'localhost:8080' },
      });
    expect((await from('http://evil.example')).statusCode).toBe(403);
    expect((await from('null')).statusCode).toBe(403);
    expect((await from('http://localhost:8080')).statusCode).toBe(202);
  });

  it('answers for a gateway of its own only', async () => {
    const { app } = await farm();
    expect((await app.inject(`${url}/one`)).statusCode).toBe(200);
    expect((await app.inject(`${url.replace('pump-house', 'barn')}/one`)).statusCode).toBe(404);
  });
});

describe('dead letters', () => {
  it('lists what was refused with its reason in both languages and how wrong the clock was', async () => {
    const { app, sources } = await farm();
    const place = { site: 'farm', gateway: 'pump-house' };
    sources.letterCounts = [
      { ...place, code: 'TIME_IMPOSSIBLE', waiting: 1, replayed: 0, more: 41, gone: 0 },
      { ...place, code: 'STORE_REFUSED', waiting: 1, replayed: 0, more: 0, gone: 0 },
    ];
    const { body } = await get(app, '/api/v1/dead-letters?gateway=pump-house&code=TIME_IMPOSSIBLE');
    expect(body).toMatchObject({
      letters: [
        {
          ...{ id: 7, kind: 'quarantine', isReplayable: true, clockErrorMs: 600_010 },
          reading: { metric: 'soil/moisture', value: 23, clock: 'synced' },
        },
      ],
      counts: [{ code: 'TIME_IMPOSSIBLE', more: 41 }],
    });
    const [{ reason }] = body.letters;
    expect(reason.en).toContain('2036');
    expect(reason.zh).toContain('时间戳');
    expect((await get(app, '/api/v1/dead-letters?gateway=other')).body.counts).toEqual([]);
    const metrics = (await app.inject('/metrics')).body;
    expect(metrics).toContain('sluice_dead_letters{code="TIME_IMPOSSIBLE",state="more"} 41');
    expect((await get(app, '/api/v1/dead-letters/8')).status).toBe(404);
  });

  it('passes a wish to replay on', async () => {
    const { app, sources } = await farm();
    const post = (payload: object) =>
      app.inject({ method: 'POST', url: '/api/v1/dead-letters/replay', payload });
    const wish = { gateway: ['pump-house'], code: 'TIME_IMPOSSIBLE', shiftMs: -600_000, isDryRun: true };
    expect((await post(wish)).json()).toMatchObject({ lookedAt: 0 });
    expect(sources.replays).toEqual([
      { gateways: ['pump-house'], codes: ['TIME_IMPOSSIBLE'], shiftMs: -600_000, isDryRun: true },
    ]);
    expect((await post({ shift: 1 })).statusCode).toBe(400);
  });
});

describe('/api/openapi.json', () => {
  interface Operation {
    operationId: string;
    parameters?: { name: string; required?: boolean; schema: unknown }[];
    responses: Record<string, { content?: Record<string, { schema: object }> }>;
  }

  async function described(app: App) {
    const { body } = await get(app, '/api/openapi.json');
    const operations = Object.entries(body.paths as Record<string, Record<string, Operation>>);
    const gets = operations.flatMap(([path, { get }]) => (get ? [[path, get] as const] : []));
    return { document: body, operations: gets };
  }

  it('is OpenAPI 3.1 and describes every route with every error', async () => {
    const { app } = await farm();
    const { document, operations } = await described(app);
    expect(document.openapi).toBe('3.1.0');
    const some = [
      '/api/health',
      '/api/openapi.json',
      '/api/v1/alerts',
      '/api/v1/alerts/counts',
      '/api/v1/alerts/{id}',
      '/api/v1/commands',
      '/api/v1/commands/{id}',
      '/api/v1/contacts',
      '/api/v1/dead-letters',
      '/api/v1/dead-letters/{letter}',
      '/api/v1/deliveries',
      '/api/v1/events',
      '/api/v1/export',
      '/api/v1/gateways',
      '/api/v1/gateways/{site}/{gateway}/care',
      '/api/v1/gateways/{site}/{gateway}/care/{id}',
      '/api/v1/gateways/{site}/{gateway}/completeness',
      '/api/v1/last',
      '/api/v1/links',
      '/api/v1/links/calculator',
      '/api/v1/links/matrix',
      '/api/v1/links/outages',
      '/api/v1/links/{id}/budget',
      '/api/v1/links/{id}/latency',
      '/api/v1/links/{id}/outages',
      '/api/v1/links/{id}/sla',
      '/api/v1/maintenance',
      '/api/v1/maintenance/{id}',
      '/api/v1/mesh',
      '/api/v1/quantities',
      '/api/v1/query',
      '/api/v1/series',
      '/api/v1/silences',
      '/api/v1/thresholds',
      '/api/v1/thresholds/state',
      '/api/v1/thresholds/templates',
      '/api/v1/thresholds/{id}/history',
      '/metrics',
    ];
    expect(operations.map(([path]) => path)).toEqual(expect.arrayContaining(some));
    expect(new Set(operations.map(([, one]) => one.operationId)).size).toBe(operations.length);
    for (const [path, { responses }] of operations) {
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '400', '403', '500']));
      if (/last|query|series/.test(path)) expect(responses).toHaveProperty('503');
    }
    const query = operations.find(([path]) => path === '/api/v1/query')![1];
    expect(query.parameters!.filter((one) => one.required).map((one) => one.name)).toEqual([
      'measurement',
      'field',
    ]);
  });

  it('says in which types readings may be posted, and every answer to them', async () => {
    const { app } = await farm();
    const { document } = await described(app);
    const { post } = document.paths['/api/v1/readings'];
    expect(Object.keys(post.requestBody.content)).toEqual([
      'application/senml+json',
      'application/senml+cbor',
      'text/plain',
      'application/vnd.influxdata.line-protocol',
    ]);
    expect(Object.keys(post.responses)).toEqual(['200', '400', '401', '403', '413', '500', '503']);
  });

  it('has schemas that every reply keeps to, errors too', async () => {
    const { app } = await farm();
    const { document, operations } = await described(app);
    const ajv = new Ajv({ strict: false });
    ajv.addSchema(document, 'openapi');
    const check = (schema: object, body: unknown) => {
      const inDocument = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'));
      const validate = ajv.compile(inDocument);
      expect(validate(body), JSON.stringify(validate.errors)).toBe(true);
    };
    for (const [pattern, { responses }] of operations) {
      const path = pattern
        .replace('{site}', 'farm')
        .replace('{gateway}', 'pump-house')
        .replace('{id}', 'one')
        .replace('{letter}', '7');
      const needed: Record<string, string> = {
        '/api/v1/query': '?measurement=soil&field=moisture',
        '/api/v1/links/calculator': '?loss=0.003',
      };
      const url = `${path}${needed[path] ?? ''}`;
      if (path !== '/metrics' && path !== '/api/v1/export')
        check(responses['200']!.content!['application/json']!.schema, (await get(app, url)).body);
      const wrong = await get(app, `${path}?measurement=a&field=b&wrong=1`);
      expect(wrong.status).toBe(400);
      check(responses['400']!.content!['application/json']!.schema, wrong.body);
    }
  });
});
