import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

/** Where Vite puts the console (dashboards/console/build.ts). */
export const CONSOLE_FOLDER = fileURLToPath(new URL('../../dashboards/console/dist', import.meta.url));

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sluice</title>
<h1>Sluice is running; its console has not been built</h1>
<p>Run <code>npm run prepare</code> in the folder of Sluice, then load this page again. The API works meanwhile: <a href="/api/openapi.json">/api/openapi.json</a></p>
<h1 lang="zh">Sluice 正在运行，但控制台页面尚未构建</h1>
<p lang="zh">请在 Sluice 目录中运行 <code>npm run prepare</code>，然后刷新本页。在此期间 API 可正常使用：<a href="/api/openapi.json">/api/openapi.json</a></p>
</html>
`;

/** Files under assets/ carry a hash of their content in their names; the page that names them does not. */
const FOREVER = 'public, max-age=31536000, immutable';
const ASK_EACH_TIME = 'no-cache';

/** Serves the built console, compressed beforehand, and a page that says how to build it until it is there. */
export function serveConsole(folder: string): FastifyPluginAsync {
  return async (app) => {
    const options = { root: folder, preCompressed: true, cacheControl: false, dotfiles: 'ignore' } as const;
    await app.register(fastifyStatic, options);
    app.addHook('onSend', (request, reply, _payload, done) => {
      if (reply.statusCode < 400) {
        reply.header('cache-control', request.url.startsWith('/assets/') ? FOREVER : ASK_EACH_TIME);
        // A proxy that keeps the compressed file must not hand it to a client that cannot read it.
        reply.header('vary', 'accept-encoding');
      }
      done();
    });
    app.get('/', { schema: { hide: true } }, (_request, reply) => {
      if (existsSync(join(folder, 'index.html'))) return reply.sendFile('index.html');
      return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT);
    });
  };
}
