import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../core/log.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { buildApp } from './build-app.ts';
import { FakeSources } from './testing/fake-sources.ts';

const HOST = 'Host: localhost\r\n';
const NEXT = `GET /api/v1/last HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST /api/v1/session HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;
const BODY = '{"name":"x","password":"y"}';

let port = 0;

beforeAll(async () => {
  const app = await buildApp(new FakeSources(), { clock: new FakeClock(), log: createLog('silent') });
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as { port: number }).port;
  return () => app.close();
});

/** The statuses of all answers until the server closes. */
function statuses(bytes: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.setEncoding('latin1').on('data', (text) => {
      said += text;
      // What is refused by a route leaves the connection open, and nothing more comes.
      if (!/connection: close/i.test(said)) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () =>
      resolve([...said.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status!)),
    );
  });
}

describe('what two programs could read in two ways is refused, and what follows it is read by neither', () => {
  it.each([
    ['a length and chunks', `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${NEXT}`],
    ['chunks and a length', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${NEXT}`],
    ['two lengths', `${POST}Content-Length: 27\r\nContent-Length: 5\r\n\r\n${BODY}${NEXT}`],
    ['a length with a sign', `${POST}Content-Length: +27\r\n\r\n${BODY}${NEXT}`],
    ['a coding that is none', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${NEXT}`],
    ['a space before a colon', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${NEXT}`],
    ['a chunk that is none', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n${NEXT}`],
    ['a chunk longer than any', `${POST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n${NEXT}`],
    ['lines without CR', `${POST}Transfer-Encoding: chunked\r\n\r\n1b\n${BODY}\n0\n\n${NEXT}`],
    ['a folded header', `GET /api/health HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`],
    ['a NUL in a header', `GET /api/health HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`],
    ['a bare CR', `GET /api/health HTTP/1.1\r\n${HOST}X: a\rY: b\r\n\r\n`],
    ['no Host', 'GET /api/health HTTP/1.1\r\n\r\n'],
    ['two Hosts', `GET /api/health HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n`],
    ['a whole address', `GET http://evil.example/api/health HTTP/1.1\r\n${HOST}\r\n`],
  ])('%s', async (_, bytes) => {
    expect(await statuses(bytes)).toEqual(['400']);
  });

  it('headers without an end', async () => {
    expect(await statuses(`GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(20_000)}\r\n\r\n`)).toEqual(['431']);
  });

  it('a body that is too long, and what is sent behind it', async () => {
    const body = `{${' '.repeat(19_999)}`;
    expect(await statuses(`${POST}Content-Length: 20000\r\n\r\n${body}${NEXT}`)).toEqual(['400']);
  });
});
