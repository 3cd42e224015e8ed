import type { ServiceContext } from '../../core/context.ts';
import { SlaveBus, type SlaveBusOptions } from '../modbus-slave.ts';
import { placeLink, removeLink } from '../port-link.ts';
import { Pty } from '../pty.ts';
import type { Transport } from './transport.ts';

/** A pseudo-terminal under a name that stays. */
export class SerialTransport implements Transport {
  readonly address: string;
  readonly #slaves: Omit<SlaveBusOptions, 'send'>;
  readonly #context: ServiceContext;
  #open: { readonly pty: Pty; readonly slaves: SlaveBus } | undefined;

  constructor(path: string, slaves: Omit<SlaveBusOptions, 'send'>, context: ServiceContext) {
    this.address = path;
    this.#slaves = slaves;
    this.#context = context;
  }

  async open(): Promise<void> {
    const { clock, log } = this.#context;
    const pty = await Pty.open(clock, {
      // Through a name of an earlier run somebody may be there before the slaves are.
      receive: (bytes) => this.#open?.slaves.receive(bytes),
      lost: (error) => log.error({ port: this.address }, `simulated port lost: ${error.message}`),
    });
    const slaves = new SlaveBus({ ...this.#slaves, send: (bytes) => pty.write(bytes) });
    this.#open = { pty, slaves };
    placeLink(this.address, pty.path);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    const { pty, slaves } = this.#open;
    this.#open = undefined;
    removeLink(this.address, pty.path);
    slaves.stop();
    await pty.close();
  }
}
