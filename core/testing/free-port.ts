import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that systems give to outgoing connections (32 768 on Linux, 49 152 elsewhere), any of which could take a port between this answer and its use. */
const FIRST = 20_000;
const END = 32_000;
const given = new Set<number>();

/** A TCP port of loopback that was free a moment ago, and that nobody else in this process was given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
