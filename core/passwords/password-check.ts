import { createHmac, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Clock } from '../clock.ts';
import { DerivationQueue } from './derivation-queue.ts';
import { NOBODY, verifyPassword } from './password-hash.ts';
import { addressKey, TokenBuckets } from './token-buckets.ts';

/** Whoever has a password, or may have one. */
export interface PasswordOwner {
  readonly passwordHash?: string | undefined;
}

/** Each takes 32 MiB and 0.1 s of a core; libuv has four threads, and the disk needs some. */
const AT_ONCE = Math.min(2, availableParallelism());
/** A region of gateways. */
const MOST_WAITING = 20_000;
const MOST_REMEMBERED = 100_000;

export type PasswordAnswer = 'right' | 'wrong' | 'too many failures' | 'too busy';

/**
 * Says whether a password is right. A region's gateways come back in one second after a power cut, and each derivation
 * takes 0.1 s: so what was right once is remembered, as an HMAC under a key that dies with this process, over the hash of
 * what is kept of it too, so that a changed password is a new question.
 *
 * Wrong ones are counted by address, not by user: nobody can lock out a person or a gateway by failing in its name. An address that
 * has failed too often waits, except with passwords that are remembered: a neighbour behind the same router stays in.
 */
export class PasswordCheck {
  readonly #clock: Clock;
  readonly #failures: TokenBuckets;
  readonly #verify: typeof verifyPassword;
  readonly #queue: DerivationQueue;
  readonly #key = randomBytes(32);
  readonly #remembered = new Set<string>();
  readonly #underWay = new Map<string, Promise<PasswordAnswer>>();

  constructor(
    failuresPerMin: number,
    clock: Clock,
    { verify = verifyPassword, mostWaiting = MOST_WAITING } = {},
  ) {
    this.#clock = clock;
    this.#verify = verify;
    this.#queue = new DerivationQueue(AT_ONCE, mostWaiting);
    this.#failures = new TokenBuckets(failuresPerMin, failuresPerMin / 60);
  }

  check(
    user: PasswordOwner | undefined,
    name: string,
    password: Uint8Array,
    address: string,
  ): Promise<PasswordAnswer> {
    const asker = addressKey(address);
    const hash = user?.passwordHash ?? NOBODY;
    const print = this.#printOf(name, hash, password);
    if (this.#remembered.has(print)) return Promise.resolve('right');
    // A client that has lost patience comes again with the same question: it is asked once.
    const before = this.#underWay.get(print);
    if (before) return before;
    if (!this.#failures.has(asker, this.#clock.monotonicMs())) return Promise.resolve('too many failures');
    const answer = this.#queue.run(asker, () =>
      this.#derive(user?.passwordHash === undefined, hash, password, asker, print),
    );
    if (!answer) return Promise.resolve('too busy');
    this.#underWay.set(print, answer);
    return answer.finally(() => this.#underWay.delete(print));
  }

  async #derive(
    isNobody: boolean,
    hash: string,
    password: Uint8Array,
    asker: string,
    print: string,
  ): Promise<PasswordAnswer> {
    if (!this.#failures.has(asker, this.#clock.monotonicMs())) return 'too many failures';
    const isRight = (await this.#verify(password, hash)) && !isNobody;
    if (!isRight) {
      this.#failures.take(asker, this.#clock.monotonicMs());
      return 'wrong';
    }
    if (this.#remembered.size >= MOST_REMEMBERED)
      this.#remembered.delete(this.#remembered.values().next().value!);
    this.#remembered.add(print);
    return 'right';
  }

  #printOf(name: string, hash: string, password: Uint8Array): string {
    const head = Buffer.from(JSON.stringify([name, hash]));
    return createHmac('sha256', this.#key).update(head).update('\0').update(password).digest('base64');
  }
}
