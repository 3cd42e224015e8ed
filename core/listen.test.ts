import { expect, it } from 'vitest';
import { listenError } from './listen.ts';

it.each([
  ['EADDRINUSE', 'PORT_TAKEN', 'http.port'],
  ['EACCES', 'LISTEN_FAILED', 'http.port'],
  ['EADDRNOTAVAIL', 'LISTEN_FAILED', 'http.host'],
  ['ENOTFOUND', 'LISTEN_FAILED', 'http.host'],
])('names the setting that is wrong: %s', (errno, code, setting) => {
  const error = Object.assign(new Error(errno), { code: errno });
  const told = listenError(error, { host: '10.9.9.9', port: 80 }, 'HTTP', 'http.port');
  expect(told).toMatchObject({ code, details: { setting, address: '10.9.9.9:80' } });
});
