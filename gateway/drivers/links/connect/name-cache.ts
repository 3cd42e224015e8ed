import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { reasonOf } from '../../../../core/errors.ts';

const AGAIN_MS = 300_000;
const FAILED_AGAIN_MS = 30_000;

export interface NamedAddress {
  readonly address?: string;
  /** Why there is none. */
  readonly reason?: string;
}

/**
 * Addresses of names, looked up apart from the probes: how long a name server takes is nothing that the link does. One at a time, for
 * look-ups hold threads that the files of the whole gateway wait for too.
 */
export class NameCache {
  readonly #nowMs: () => number;
  readonly #resolve: (name: string) => Promise<{ readonly address: string }>;
  readonly #known = new Map<string, NamedAddress & { readonly againMs: number }>();
  #last: Promise<void> = Promise.resolve();

  constructor(
    nowMs: () => number,
    resolve: (name: string) => Promise<{ readonly address: string }> = (name) => lookup(name),
  ) {
    this.#nowMs = nowMs;
    this.#resolve = resolve;
  }

  /** At once, by what is known; a look-up that has become due is begun. A name keeps its address while it cannot be looked up. */
  find(name: string): NamedAddress {
    if (isIP(name) > 0) return { address: name };
    const known = this.#known.get(name) ?? { reason: `${name}: its address is being looked up`, againMs: 0 };
    if (this.#nowMs() >= known.againMs) {
      this.#known.set(name, { ...known, againMs: Number.POSITIVE_INFINITY });
      this.#last = this.#last.then(() => this.#look(name));
    }
    return known;
  }

  /** Forgets all others. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
  }

  async #look(name: string): Promise<void> {
    const before = this.#known.get(name);
    if (!before) return;
    const found = await this.#resolve(name).then(
      ({ address }) => ({ address, againMs: this.#nowMs() + AGAIN_MS }),
      (error) => {
        const againMs = this.#nowMs() + FAILED_AGAIN_MS;
        return before.address ? { ...before, againMs } : { reason: `${name}: ${reasonOf(error)}`, againMs };
      },
    );
    if (this.#known.has(name)) this.#known.set(name, found);
  }
}
