import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../core/testing/free-port.ts';

/**
 * A TCP connection that passes through here, so that it can be broken: `whole`; `torn`, every connection is reset, in the
 * middle of what it was carrying, and none is taken; `silent`, connections stand and nothing passes, as behind a firewall
 * that forgot them.
 */
export type LinkState = 'whole' | 'torn' | 'silent';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

export class TornLink {
  readonly port: number;
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #state: LinkState = 'whole';

  private constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
    this.#server = createServer((near) => this.#join(near));
  }

  /** On a free port of loopback, to another port there. */
  static async to(target: number): Promise<TornLink> {
    const link = new TornLink(await freePort(), target);
    await new Promise<void>((resolve) => link.#server.listen(link.port, '127.0.0.1', resolve));
    return link;
  }

  set(state: LinkState): void {
    this.#state = state;
    for (const pair of this.#pairs) {
      for (const socket of [pair.near, pair.far]) state === 'silent' ? socket.pause() : socket.resume();
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const pair of this.#pairs) this.#break(pair);
    await closed;
  }

  #join(near: Socket): void {
    near.on('error', () => {});
    if (this.#state === 'torn') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (bytes: Buffer) => this.#pass(bytes, from, to, pair));
      from.on('drain', () => this.#state !== 'silent' && to.resume());
      from.on('error', () => {});
      from.on('close', () => this.#break(pair));
    }
    if (this.#state === 'silent') near.pause();
  }

  #pass(bytes: Buffer, from: Socket, to: Socket, pair: Pair): void {
    if (this.#state !== 'torn') {
      if (!to.write(bytes)) from.pause();
      return;
    }
    // Half of it arrives: a packet ends in the middle.
    to.write(bytes.subarray(0, bytes.length >> 1), () => this.#break(pair));
  }

  #break(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.near.resetAndDestroy();
    pair.far.resetAndDestroy();
  }
}
