import { expect, it, onTestFinished } from 'vitest';
import type { Role } from '../../core/access.ts';
import { createLog } from '../../core/log.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import type { Delivery } from '../notify/delivery.ts';
import { buildApp } from './build-app.ts';
import { SessionCookie } from './session-cookie.ts';
import { FakeSources } from './testing/fake-sources.ts';

const SECRET = 'zqxjk';
const SETTINGS = {
  config: `broker: { url: "mqtt://li:${SECRET}@b:1883" }\ndrivers: []`,
  profiles: {},
  version: 1,
};

/** Somebody of each role, who sees everything that their role may see. */
async function house() {
  const clock = new FakeClock();
  const sources = new FakeSources();
  const cookie = new SessionCookie(false, 1_000);
  const app = await buildApp(sources, { clock, log: createLog('silent'), cookie });
  onTestFinished(() => app.close());
  const ask = (role: Role, url: string) => {
    sources.access.putToken(role, { name: role, role, sites: 'all', links: 'all' });
    return app.inject({ url, headers: { authorization: `Bearer ${role}` } });
  };
  return { sources, app, ask, nowMs: clock.nowMs() };
}

it('shows the settings of a gateway to who may change them, and to nobody else', async () => {
  const { sources, ask, nowMs } = await house();
  const request = { id: 'c', action: 'read-config', issuer: 'api:admin', expiresAtMs: nowMs } as const;
  const answer = { isDone: true, timeMs: nowMs, result: SETTINGS };
  sources.cared.push({ site: 'farm', gateway: 'shed', request, submittedMs: nowMs, answer });
  const event = { kind: 'care', id: 'care-c', request: 'c', ...answer } as never;
  sources.found.push({ site: 'farm', gateway: 'shed', event, place: { timeMs: nowMs, seq: 0 } });
  const gateway = '/api/v1/gateways/farm/shed';
  const seen = async (role: Role, url: string) => (await ask(role, url)).body;
  for (const url of [`${gateway}/care/c`, '/api/v1/events?kind=care']) {
    expect(await seen('administrator', url)).toContain(SECRET);
    for (const role of ['viewer', 'operator', 'agronomist', 'carrier'] as const) {
      const body = await seen(role, url);
      expect([
        url,
        role,
        body.includes('"isDone":true') || body.includes('"done"'),
        body.includes(SECRET),
      ]).toEqual([url, role, true, false]);
    }
  }
  expect((await ask('viewer', `${gateway}/setup`)).json()).toMatchObject({ brokerUrl: 'mqtt://***@b:1883' });
});

it('tells why somebody was not reached to who set the address, and only that it failed to others', async () => {
  const { sources, ask, nowMs } = await house();
  const error = { code: 'DELIVERY_REFUSED', message: `550 no such mailbox ${SECRET}@farm.cn` };
  sources.notify.delivered.push({
    ...{ id: 'd', contact: 'c', way: { kind: 'mail', to: `${SECRET}@farm.cn` }, lane: 'c/mail', items: [] },
    ...{ more: 0, state: 'failed', createdMs: nowMs, dueMs: nowMs, tries: 1, error },
  } as Delivery);
  const url = '/api/v1/deliveries';
  expect((await ask('administrator', url)).json().deliveries[0].error).toEqual(error);
  for (const role of ['viewer', 'operator', 'agronomist', 'carrier'] as const) {
    const answer = await ask(role, url);
    expect(answer.body).not.toContain(SECRET);
    expect(answer.json().deliveries).toMatchObject([{ id: 'd', error: { code: 'DELIVERY_REFUSED' } }]);
  }
});

it.each([
  ['/api/v1/contacts', { name: 'bob\u202eecila' }],
  ['/api/v1/alerts/a/silence', { reason: 'nul\0', forS: 60 }],
  ['/api/v1/zones', { site: 'farm', id: 'n', name: 'north\u2067' }],
])('refuses what would turn a line round for others, at %s', async (url, words) => {
  const { sources, app } = await house();
  const whole = { language: 'en', ways: [], severities: [], sites: 'all', links: 'all' };
  sources.access.putToken('all', { name: 'root', role: 'administrator', sites: 'all', links: 'all' });
  const payload = url.endsWith('contacts') ? { ...whole, ...words } : words;
  const answer = await app.inject({ method: 'POST', url, headers: { authorization: 'Bearer all' }, payload });
  expect(answer.json()).toMatchObject({
    code: 'REQUEST_INVALID',
    details: { field: /reason/.test(JSON.stringify(words)) ? 'reason' : 'name' },
  });
  expect(answer.body).toContain('\ufffd');
});
