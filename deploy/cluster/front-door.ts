import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen } from '../../core/listen.ts';
import { freePort } from '../../core/testing/free-port.ts';

/** What stands before a cluster and has one address: it passes a connection on to the first server that takes it. */
export class FrontDoor {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number, serverPorts: readonly number[]) {
    this.port = port;
    this.#server = createServer((client) => this.#pass(client, serverPorts));
  }

  static async open(serverPorts: readonly number[]): Promise<FrontDoor> {
    const door = new FrontDoor(await freePort(), serverPorts);
    await listen(door.#server, { host: '127.0.0.1', port: door.port }, 'the front door', 'port');
    return door;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(client: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined) {
      client.destroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    let isThrough = false;
    server.once('connect', () => {
      isThrough = true;
      client.pipe(server);
      server.pipe(client);
    });
    server.on('error', () => {});
    client.on('error', () => server.destroy());
    client.once('close', () => server.destroy());
    server.once('close', () => {
      this.#sockets.delete(server);
      if (isThrough) client.destroy();
      else this.#pass(client, others);
    });
    this.#sockets.add(client).add(server);
    client.once('close', () => this.#sockets.delete(client));
  }
}
