import { describe, expect, it, onTestFinished } from 'vitest';
import { MAY, PERMISSIONS, type Permission, ROLES, TOKEN_ROLES } from '../../core/access.ts';
import { createLog } from '../../core/log.ts';
import { seriesKey } from '../../core/reading.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import type { LinkView } from '../mesh/mesh-view.ts';
import type { MaintenanceWindow } from '../sla/maintenance/maintenance-window.ts';
import type { App } from './app.ts';
import { buildApp } from './build-app.ts';
import { SessionCookie } from './session-cookie.ts';
import { FakeSources } from './testing/fake-sources.ts';

/** Stands in the name of whatever the one who asks must not hear of. */
const SECRET = 'zqxjk';
const OWN = { site: 'farm', link: 'a_b' };
const OTHER = { site: `${SECRET}-site`, link: `${SECRET}_link` };
const clock = new FakeClock();
const NOW = clock.nowMs();

function linkView(id: string, [from, to]: readonly [string, string]): LinkView {
  const pop = (name: string) => ({ id: name, network: `net-${name}`, name: { en: name, zh: name } });
  return {
    ...{ id, from: pop(from), to: pop(to), class: 'inter', probes: [], behind: [] },
    objective: { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 },
    agent: { site: from, gateway: `gw-${from}`, online: true, plan: 'in-force' },
  };
}

/** Two of everything: one at `farm` and of the link `a_b`, and one that is none of their business. */
function twoOfAll(): FakeSources {
  const sources = new FakeSources();
  const presence = { online: true, presence: 'online' as const, sinceMs: NOW, lastSeenMs: NOW };
  for (const { site, link } of [OWN, OTHER]) {
    const tags = { site, gateway: `gw-${site}`, device: `dev-${site}` };
    sources.put(seriesKey({ ...tags, measurement: 'soil', field: 'moisture', unit: '%' }), NOW - 1_000, 20);
    const ofLink = { ...tags, link, measurement: 'link', field: 'latency', unit: 'ms' };
    sources.put(seriesKey(ofLink), NOW - 1_000, 20);
    sources.gatewayStatuses.push({ ...tags, ...presence, devices: [], missedMessages: 0 });
    const event = { kind: 'condition', id: `e-${site}`, timeMs: NOW, condition: `c-${site}` } as never;
    sources.found.push({ site, gateway: tags.gateway, event, place: { timeMs: NOW, seq: 0 } });
    sources.kept.push({
      ...{
        id: sources.kept.length + 1,
        site,
        gateway: tags.gateway,
        kind: 'reading',
        code: 'UNIT_UNCONVERTIBLE',
      },
      ...{ details: { unit: 'x', what: site }, receivedMs: NOW, state: 'waiting', triedMs: undefined },
      content: { message: { source: site, bytes: new Uint8Array() } },
    } as never);
    sources.letterCounts.push({
      ...{
        site,
        gateway: tags.gateway,
        code: 'UNIT_UNCONVERTIBLE',
        waiting: 1,
        replayed: 0,
        more: 0,
        gone: 0,
      },
    } as never);
    sources.commands.put({
      ...{
        id: `cmd-${site}`,
        ...tags,
        metric: 'irrigation/valve_state',
        value: true,
        dataType: 11,
        leaseMs: 1,
      },
      ...{ issuer: 'api', submittedMs: NOW, expiresAtMs: NOW, state: 'pending' },
    });
    const request = { id: `care-${site}`, action: 'restart', issuer: 'api', expiresAtMs: NOW } as const;
    sources.cared.push({ site, gateway: tags.gateway, request, submittedMs: NOW });
    sources.knownZones.push({ site, id: `z-${site}`, name: site, version: 1, setBy: 'li', setMs: NOW });
  }
  const links = [linkView(OWN.link, ['a', 'b']), linkView(OTHER.link, [`${SECRET}-p`, `${SECRET}-q`])];
  const pops = links.flatMap(({ from, to, agent }) =>
    [from, to].map((pop) => ({ ...pop, addresses: [], agent })),
  );
  const networks = pops.map(({ network, name }) => ({ id: network, name }));
  sources.mesh = {
    links: () => links,
    mesh: () => ({ version: 'v', recordS: 60, networks, pops, links: 2 }),
  };
  const windows = links.map(
    ({ id }): MaintenanceWindow => ({
      ...{ id: `w-${id}`, links: [id], pops: [], networks: [], fromMs: 0, toMs: NOW, reason: `r-${id}` },
      ...{ issuer: 'li', createdMs: 0, enteredMs: 0, planned: null },
    }),
  );
  Object.assign(sources.maintenance, {
    find: () => windows,
    get: (id: string) => windows.find((one) => one.id === id) ?? windows[1],
    changes: () => [],
  });
  sources.outages.ofAll = async () => links.map(({ id }) => sources.outagesOf(id));
  return sources;
}

/** As Fastify has them, whatever the description says. */
function everyRoute(app: App): string[] {
  const lines = app.printRoutes({ commonPrefix: false, includeHooks: false }).split('\n');
  const parts: string[] = [];
  return lines.flatMap((line) => {
    const [, indent = '', part = '', methods] = /^([│ ]*)[├└]── (.*?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (part === '') return [];
    parts.length = indent.length / 4;
    parts.push(part);
    const path = parts.join('').replace(/:(\w+)/g, '{$1}');
    return (methods ?? '')
      .split(', ')
      .filter((one) => one !== '' && one !== 'HEAD')
      .map((one) => `${one} ${path}`);
  });
}

interface Operation {
  readonly operationId: string;
  readonly 'x-permission'?: string;
}

async function described(sources: FakeSources) {
  const app = await buildApp(sources, {
    clock,
    log: createLog('silent'),
    cookie: new SessionCookie(false, 1_000),
  });
  onTestFinished(() => app.close());
  sources.access.putToken('all', { name: 'root', role: 'administrator', sites: 'all', links: 'all' });
  const ask = (
    url: string,
    token: string,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' = 'GET',
    body?: object,
  ) =>
    app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${token}` },
      ...(body && { payload: body }),
    });
  const paths: Record<string, Record<string, Operation>> = (await ask('/api/openapi.json', 'all')).json()
    .paths;
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method: method.toUpperCase(), ...one })),
  );
  return { app, ask, routes };
}

/** A route with every name in it that of `which`. */
function filled(path: string, { site, link }: typeof OWN): string {
  const ids: readonly [RegExp, string][] = [
    [/commands\/\{id\}/, `commands/cmd-${site}`],
    [/care\/\{id\}/, `care/care-${site}`],
    [/maintenance\/\{id\}/, `maintenance/w-${link}`],
    [/zones\/\{site\}\/\{id\}/, `zones/${site}/z-${site}`],
    [/\{site\}/, site],
    [/\{gateway\}/, `gw-${site}`],
    [/\{letter\}/, site === OWN.site ? '1' : '2'],
    [/\{id\}/, link],
  ];
  const asked = new URLSearchParams();
  if (/\/(query|export)$/.test(path)) asked.append('measurement', 'soil');
  if (/\/(query|export)$/.test(path)) asked.append('field', 'moisture');
  if (path.endsWith('/export')) asked.append('format', 'csv');
  if (/\/(export|sla|matrix|latency|maintenance)$/.test(path)) asked.append('from', String(NOW - 60_000));
  if (path.endsWith('/calculator')) asked.append('loss', '0.01');
  const address = ids.reduce((text, [part, value]) => text.replace(part, value), path);
  return `${address}${asked.size > 0 ? `?${asked}` : ''}`;
}

describe('whoever sees one site and one link', () => {
  it.each(ROLES.filter((role) => role !== 'administrator'))(
    'finds nothing of another on any route of the API, as %s',
    async (role) => {
      const sources = twoOfAll();
      const { ask, routes } = await described(sources);
      sources.access.putToken('part', { name: 'part', role, sites: [OWN.site], links: [OWN.link] });
      const [answered, leaks]: [string[], string[]] = [[], []];
      for (const { path } of routes.filter(({ method }) => method === 'GET')) {
        const own = await ask(filled(path, OWN), 'part');
        if (own.statusCode === 200) answered.push(path);
        if (own.body.includes(SECRET)) leaks.push(`${path}: ${own.body.slice(0, 300)}`);
        if (!path.includes('{')) continue;
        const other = await ask(filled(path, OTHER), 'part');
        // What was asked for is told back, and nothing else.
        if (other.statusCode < 400 && other.body.includes(SECRET))
          leaks.push(`${path}: ${other.body.slice(0, 300)}`);
      }
      expect(leaks.join('\n')).toBe('');
      expect(answered.length).toBeGreaterThan(20);
    },
  );

  it('would find it with the whole in sight: the test looks where something is', async () => {
    const { ask, routes } = await described(twoOfAll());
    const seen: string[] = [];
    for (const { path } of routes.filter(({ method }) => method === 'GET')) {
      if ((await ask(filled(path, OWN), 'all')).body.includes(SECRET)) seen.push(path);
    }
    expect(seen).toEqual(
      expect.arrayContaining([
        ...['/api/v1/gateways', '/api/v1/last', '/api/v1/series', '/api/v1/query', '/api/v1/export'],
        ...['/api/v1/events', '/api/v1/dead-letters', '/api/v1/commands', '/api/v1/links', '/api/v1/mesh'],
        ...['/api/v1/maintenance', '/api/v1/links/outages', '/api/v1/zones', '/metrics'],
      ]),
    );
  });

  it.each([
    ['POST', '/api/v1/commands', { site: OTHER.site, gateway: 'g', metric: 'm/f', value: 1, leaseS: 9 }, 404],
    ['POST', `/api/v1/gateways/${OTHER.site}/g/care`, { action: 'restart' }, 404],
    [
      'POST',
      '/api/v1/maintenance',
      { links: [OTHER.link], from: '2026-06-01T00:00Z', to: '2026-06-02T00:00Z', reason: 'x' },
      404,
    ],
    [
      'POST',
      '/api/v1/maintenance',
      { pops: ['a'], from: '2026-06-01T00:00Z', to: '2026-06-02T00:00Z', reason: 'x' },
      403,
    ],
    [
      'PUT',
      `/api/v1/maintenance/w-${OTHER.link}`,
      { links: [OWN.link], from: '2026-06-01T00:00Z', to: '2026-06-02T00:00Z', reason: 'x' },
      404,
    ],
    ['POST', `/api/v1/maintenance/w-${OTHER.link}/withdraw`, { reason: 'x' }, 404],
  ] as const)('%s %s of another is refused, and not done', async (method, url, body, status) => {
    const sources = twoOfAll();
    const { ask } = await described(sources);
    const limits = { sites: [OWN.site], links: [OWN.link] };
    for (const role of ['operator', 'carrier', 'administrator'] as const)
      sources.access.putToken(role, { name: role, role, ...limits });
    const role = ROLES.find((one) => MAY[one].includes(url.includes('command') ? 'command' : 'maintenance'))!;
    const answer = await ask(url, url.endsWith('care') ? 'administrator' : role, method, body);
    expect(answer.statusCode).toBe(status);
    expect([sources.commands.wishes, sources.cared.length, sources.audit.entries]).toEqual([[], 2, []]);
  });

  it('neither changes nor hears of a threshold of another site, and sets none for all', async () => {
    const sources = twoOfAll();
    const { ask } = await described(sources);
    sources.access.putToken('own', { name: 'own', role: 'agronomist', sites: [OWN.site], links: [] });
    const wish = (scope: object) => ({
      ...{ measurement: 'soil', field: 'moisture', scope, forS: 0, severity: 'warning', enabled: true },
      ...{ rule: { kind: 'bounds', low: { raise: 20, clear: 22 } }, why: 'x' },
    });
    const url = '/api/v1/thresholds';
    const { id } = (await ask(url, 'all', 'POST', wish({ site: OTHER.site }))).json();
    for (const scope of [{}, { crop: 'tea' }, { gateway: 'g' }, { site: OTHER.site }])
      expect((await ask(url, 'own', 'POST', wish(scope))).statusCode).toBe(403);
    const changed = { ...wish({ site: OWN.site }), version: 1 };
    for (const answer of [
      await ask(`${url}/${id}`, 'own', 'PUT', changed),
      await ask(`${url}/${id}`, 'own', 'DELETE', { version: 1, why: 'x' }),
      await ask(`${url}/${id}/history`, 'own'),
    ])
      expect([answer.statusCode, answer.body.includes(SECRET)]).toEqual([404, false]);
    expect((await ask(url, 'own', 'POST', wish({ site: OWN.site }))).statusCode).toBe(201);
  });

  it('hands in readings of that site and of no other', async () => {
    const sources = twoOfAll();
    const { app } = await described(sources);
    sources.access.putToken('src', { name: 'src', role: 'source', sites: [OWN.site], links: [] });
    const headers = { authorization: 'Bearer src', 'content-type': 'text/plain' };
    await app.inject({ method: 'POST', url: '/api/v1/readings', headers, payload: 'x' });
    const { refusal } = sources.posted[0]!;
    expect(refusal?.(OWN.site)).toBeUndefined();
    expect(refusal?.(OTHER.site)).toMatchObject({ code: 'NOT_PERMITTED' });
  });
});

describe('every route', () => {
  it('that changes something names the permission that it asks for', async () => {
    const { routes } = await described(new FakeSources());
    const changing = routes.filter(({ method }) => method !== 'GET');
    expect(changing.length).toBeGreaterThan(15);
    // Asks what would have been, and changes nothing.
    const harmless = ['/api/v1/thresholds/trial'];
    const open = changing.filter(({ path }) => /^\/api\/v1\/session/.test(path));
    expect(open.every((one) => one['x-permission'] === 'anyone')).toBe(true);
    const needing: readonly string[] = PERMISSIONS.filter((one) => one !== 'read');
    const careless = changing.filter(
      (one) =>
        !open.includes(one) && !harmless.includes(one.path) && !needing.includes(one['x-permission'] ?? ''),
    );
    expect(careless.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it.each(TOKEN_ROLES)('does for a %s what its permission says, and nothing else', async (role) => {
    const sources = new FakeSources();
    const { app, routes } = await described(sources);
    sources.access.putToken('one', { name: 'one', role, sites: 'all', links: 'all' });
    const headers = { authorization: 'Bearer one' };
    const wrong: string[] = [];
    for (const { path, method, 'x-permission': wanted } of routes) {
      if (wanted === 'anyone') continue;
      const { statusCode } = await app.inject({ method: method as 'GET', url: filled(path, OWN), headers });
      const isRefused = statusCode === 403 || statusCode === 401;
      if (isRefused === MAY[role].includes(wanted as Permission))
        wrong.push(`${method} ${path}: ${statusCode}, wants ${wanted}`);
    }
    expect(wrong).toEqual([]);
    expect(routes.length).toBeGreaterThan(60);
  });

  it.each([
    ['a session that has ended', { cookie: 'sluice-0=ended; sluice-80=ended' }],
    ['a session of another service', { cookie: '__Host-sluice-0=x; session=x' }],
    ['a token that there is not', { authorization: 'Bearer sluice_gone' }],
    ['a token that is none, beside a cookie', { authorization: 'Basic YTpi', cookie: 'sluice-0=x' }],
  ])('is closed to %s', async (_, headers) => {
    const { app, routes } = await described(new FakeSources());
    for (const { path, method, 'x-permission': wanted } of routes) {
      if (wanted === 'anyone') continue;
      const { statusCode, body } = await app.inject({
        method: method as 'GET',
        url: filled(path, OWN),
        headers,
      });
      expect([method, path, statusCode, JSON.parse(body).code]).toEqual([
        method,
        path,
        401,
        'SIGN_IN_NEEDED',
      ]);
    }
  });

  it('stands in the description, so that the walks above leave none out', async () => {
    const { app, routes } = await described(new FakeSources());
    const told = new Set(routes.map(({ path, method }) => `${method} ${path}`));
    const all = everyRoute(app);
    expect(all.length).toBeGreaterThan(60);
    // The files of the console, which hold nothing of anybody.
    expect(['GET /', 'GET /*']).toEqual(expect.arrayContaining(all.filter((one) => !told.has(one))));
    expect((await app.inject('/api/openapi.json')).statusCode).toBe(401);
  });

  it('is closed to whoever is not signed in, but for health and signing in', async () => {
    const { app, routes } = await described(new FakeSources());
    const open: string[] = [];
    for (const { path, method } of routes) {
      const { statusCode } = await app.inject({ method: method as 'GET', url: filled(path, OWN) });
      if (statusCode !== 401) open.push(`${method} ${path}`);
    }
    // What needs a body says so first.
    expect(open.sort()).toEqual([
      'DELETE /api/v1/session',
      'GET /api/health',
      'POST /api/v1/session',
      'PUT /api/v1/session/password',
    ]);
    const health = await app.inject('/api/health');
    expect(health.json()).toEqual({ status: 'up' });
  });
});
