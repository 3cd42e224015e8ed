import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../core/log.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { buildApp } from './build-app.ts';
import { SessionCookie } from './session-cookie.ts';
import { FakeSources } from './testing/fake-sources.ts';

const PAGES = ['docs/http-api.md', 'docs/http-api.zh-CN.md'];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];

/** `GET /api/v1/zones/{}/{}`: what stands in braces has other names for readers than for programs. */
const nameless = (path: string) => path.replace(/\{[^}]*\}/g, '{}');

async function routes(): Promise<readonly string[]> {
  const options = { clock: new FakeClock(), log: createLog('silent') };
  const sources = new FakeSources();
  // Routes that an ingest without links does not have.
  Object.assign(sources, { statements: {} });
  sources.access.putToken('all', { name: 'root', role: 'administrator', sites: 'all', links: 'all' });
  const app = await buildApp(sources, { ...options, cookie: new SessionCookie(false, 1_000) });
  onTestFinished(() => app.close());
  const headers = { authorization: 'Bearer all' };
  const { paths } = (await app.inject({ url: '/api/openapi.json', headers })).json();
  return Object.entries(paths as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${nameless(path)}`),
  );
}

/**
 * The requests that stand in a page between backticks: `GET /path`, `GET`, `POST /path` (both), `/path` (as the one before),
 * and `…/rest` for what ends so below the path before it.
 */
function told(page: string, existing: readonly string[]): readonly string[] {
  const prose = readFileSync(page, 'utf8').replace(/^(?: {4}|```).*$/gm, '');
  const found: string[] = [];
  let [waiting, methods, base] = [[] as string[], ['GET'], ''];
  for (const [, span = ''] of prose.matchAll(/`([^`\n]+)`|\n/g)) {
    if (span === '') waiting = [];
    const [, method, path] = /^(GET|POST|PUT|DELETE)?\s*((?:\/(?:api|metrics)|…\/)[^\s?]*)?/.exec(span) ?? [];
    if (METHODS.includes(span)) waiting.push(span);
    if (path === undefined) continue;
    if (method) methods = [...waiting, method];
    waiting = [];
    if (path.startsWith('/')) base = path.split('/').slice(0, 4).join('/');
    for (const one of methods) {
      const ends = nameless(path.replace('…', ''));
      const below = existing.filter((route) => route.startsWith(`${one} ${base}/`) && route.endsWith(ends));
      found.push(
        ...(path.startsWith('/') ? [`${one} ${ends}`] : below.length > 0 ? below : [`${one} ${path}`]),
      );
    }
  }
  return found;
}

test.each(PAGES)('%s tells of every route that there is, and of no other', async (page) => {
  const existing = await routes();
  expect(existing.length).toBeGreaterThan(60);
  const here = told(page, existing);
  expect({
    untold: existing.filter((route) => !here.includes(route)),
    unknown: here.filter((route) => !existing.includes(route)),
  }).toEqual({ untold: [], unknown: [] });
});
