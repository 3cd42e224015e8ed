import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { KeptLog } from '../../testing/kept-log.ts';
import type { App } from '../app.ts';
import { buildApp } from '../build-app.ts';
import { FakeSources } from '../testing/fake-sources.ts';

const DRY = {
  ...{ measurement: 'soil', field: 'moisture', scope: { site: 'farm', zone: 'north' } },
  rule: { kind: 'bounds', low: { raise: 20, clear: 22 } },
  ...{ forS: 600, severity: 'warning', enabled: true },
};

let app: App;

beforeEach(async () => {
  app = await buildApp(new FakeSources(), { clock: new FakeClock(), log: new KeptLog().log });
  onTestFinished(() => app.close());
});

it('sets, changes, shows and removes a threshold, and tells its history', async () => {
  const url = '/api/v1/thresholds';
  const made = await app.inject({ method: 'POST', url, body: { ...DRY, why: 'sandy' } });
  expect(made.statusCode).toBe(201);
  const { id } = made.json();
  expect(made.json()).toMatchObject({ version: 1, setBy: 'open', why: 'sandy', rule: DRY.rule });

  const changed = { ...DRY, forS: 60, version: 1, why: 'too slow' };
  expect((await app.inject({ method: 'PUT', url: `${url}/${id}`, body: changed })).json()).toMatchObject({
    ...{ version: 2, forS: 60 },
  });
  const stale = await app.inject({ method: 'PUT', url: `${url}/${id}`, body: changed });
  expect([stale.statusCode, stale.json().code]).toEqual([409, 'VERSION_STALE']);

  const found = async (query: string) => (await app.inject(`${url}?${query}`)).json().thresholds.length;
  expect(await found('measurement=soil&site=farm&zone=north')).toBe(1);
  expect(await found('zone=south')).toBe(0);

  const removed = { version: 2, why: 'harvested' };
  expect((await app.inject({ method: 'DELETE', url: `${url}/${id}`, body: removed })).statusCode).toBe(200);
  expect(await found('')).toBe(0);
  const { changes } = (await app.inject(`${url}/${id}/history`)).json();
  expect(changes.map(({ why }: { why: string }) => why)).toEqual(['sandy', 'too slow', 'harvested']);
  expect((await app.inject(`${url}/other/history`)).statusCode).toBe(404);
});

it('names the field of a wish that is wrong', async () => {
  const body = { ...DRY, rule: { kind: 'bounds', low: { raise: 20, clear: 10 } }, why: 'x' };
  const reply = await app.inject({ method: 'POST', url: '/api/v1/thresholds', body });
  expect(reply.statusCode).toBe(400);
  expect(reply.json().details.field).toBe('rule.low.clear');
});

it('offers templates in both languages', async () => {
  const { templates } = (await app.inject('/api/v1/thresholds/templates')).json();
  expect(templates).toContainEqual(
    expect.objectContaining({ id: 'tomato-moisture-loam', crop: 'tomato', soil: 'loam' }),
  );
});

it('tries a threshold without setting it', async () => {
  const url = '/api/v1/thresholds/trial';
  const reply = await app.inject({ method: 'POST', url, body: { wish: DRY, days: 7 } });
  expect(reply.json()).toMatchObject({ events: 0, series: [], leftOut: 0, fn: 'min' });
  expect((await app.inject({ method: 'POST', url, body: { wish: DRY, days: 401 } })).statusCode).toBe(400);
  expect((await app.inject('/api/v1/thresholds')).json().thresholds).toEqual([]);
});
