import { isIP } from 'node:net';
import { type LoopWorker, startLoopWorker } from '../../../core/datagrams/start-loop-worker.ts';
import { asSluiceError, SluiceError, type Words } from '../../../core/errors.ts';
import { formatAddress, isLoopback } from '../../../core/listen.ts';
import {
  type DeviceSpec,
  type Driver,
  type DriverContext,
  type DriverKind,
  GATEWAY_ITSELF,
  type Outcome,
} from '../../driver.ts';
import { isAllowEntry } from './allow-list.ts';
import { StampReflectorConfig } from './config.ts';
import { REFUSALS, type Refusal, type RefusalCounts } from './reflector-state.ts';
import type { FromReflector, ReflectorSetup, ToReflector } from './reflector-thread.ts';

/** Answers the test packets of STAMP and TWAMP Light senders. It has no readings: who probes has them. */
export const stampReflector: DriverKind<typeof StampReflectorConfig> = {
  schema: StampReflectorConfig,
  create(config, context) {
    refuseMistakes(config);
    return new StampReflector(config, context);
  },
};

/** An address that could not be listened on is tried again so often. */
const RETRY_MS = 5_000;
const THREAD = new URL('./reflector-thread.ts', import.meta.url);
const FIRST_PRIVATE_PORT = 1_024;
const NO_PRIVILEGE: Words = {
  en: 'ports below 1024 need the capability CAP_NET_BIND_SERVICE; 8620 does not',
  zh: '1024 以下的端口需要 CAP_NET_BIND_SERVICE 权限；8620 不需要',
};
const WHY: Readonly<Record<Refusal, string>> = {
  notAllowed: 'their source is not allowed',
  tooShort: 'they are too short to be test packets',
  isAnswer: 'they are answers of another reflector',
  tooFast: 'their source sends more per second than ratePerS',
  tooMany: 'there are maxSessions others already',
  noRoom: 'they come faster than this machine takes them',
};

export class StampReflector implements Driver {
  readonly devices: readonly DeviceSpec[];
  readonly #config: StampReflectorConfig;
  readonly #context: DriverContext;
  #worker: LoopWorker<ToReflector> | undefined;
  #starting: Promise<void> | undefined;
  #allowedByPlan: readonly string[] = [];
  #trouble: SluiceError | undefined;
  #hasClosed = false;
  #refused: RefusalCounts | undefined;
  #isStopped = false;

  constructor(config: StampReflectorConfig, context: DriverContext) {
    this.#config = config;
    this.#context = context;
    const groups = [{ id: config.id, everyMs: RETRY_MS }];
    this.devices = [{ id: GATEWAY_ITSELF, metrics: [], groups }];
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  /** Where it cannot listen yet, it says so and tries again at each poll. */
  async start(): Promise<void> {
    await this.#ensureThread();
  }

  async poll(): Promise<Outcome | undefined> {
    await this.#ensureThread();
    if (this.#hasClosed) this.#worker?.post({ kind: 'open' });
    return undefined;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#starting;
    await this.#worker?.stop();
  }

  allowReflection(addresses: readonly string[]): void {
    const unknown = addresses.filter((entry) => !isAllowEntry(entry));
    if (unknown.length > 0)
      this.#context.log.warn({ unknown: unknown.slice(0, 5) }, 'The plan allows what is no address');
    this.#allowedByPlan = addresses;
    this.#worker?.post({ kind: 'allow', allowed: this.#allowed() });
  }

  /** Left out, the settings allow this machine: nobody else reaches it then. */
  #allowed(): string[] {
    return [...(this.#config.allow ?? ['127.0.0.0/8', '::1']), ...this.#allowedByPlan];
  }

  async #ensureThread(): Promise<void> {
    if (this.#worker || this.#isStopped) return;
    this.#starting ??= this.#startThread().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  async #startThread(): Promise<void> {
    const { id } = this.#config;
    const data: ReflectorSetup = { config: this.#config, allowed: this.#allowed() };
    try {
      const worker = await startLoopWorker<ToReflector, FromReflector>(THREAD, {
        ...{ name: 'reflector', data },
        message: (message) => {
          if (message.kind === 'counts') this.#noteRefused(message.refused);
          else this.#noteListening(message);
        },
        failed: (error) => {
          this.#worker = undefined;
          this.#fail(error);
        },
      });
      this.#worker = worker;
      // It may have changed while the thread was made.
      worker.post({ kind: 'allow', allowed: this.#allowed() });
      const { reason } = worker;
      if (reason) this.#context.log.warn({ reflector: id, reason }, 'Packets are stamped by the program');
    } catch (error) {
      this.#fail(asSluiceError(error));
    }
  }

  #noteListening({ open, closed }: FromReflector & { readonly kind: 'listening' }): void {
    const { id, port } = this.#config;
    const hadTrouble = this.#trouble !== undefined;
    this.#hasClosed = closed.length > 0;
    const [first] = closed;
    if (first) {
      this.#fail(this.#cannotListen(first));
      return;
    }
    this.#trouble = undefined;
    const addresses = open.map((host) => formatAddress({ host, port }));
    this.#context.log.info(
      { reflector: id, addresses },
      hadTrouble ? 'The reflector answers again' : 'The reflector answers',
    );
  }

  #cannotListen({
    address: host,
    reason,
  }: {
    readonly address: string;
    readonly reason: string;
  }): SluiceError {
    const { port } = this.#config;
    const what = 'The STAMP reflector';
    const address = formatAddress({ host, port });
    if (reason.startsWith('EADDRINUSE'))
      return new SluiceError('PORT_TAKEN', { what, address, setting: 'port' });
    const needsPrivilege = /^E(ACCES|PERM)/.test(reason) && port < FIRST_PRIVATE_PORT;
    const setting = needsPrivilege ? 'port' : 'listen';
    return new SluiceError('LISTEN_FAILED', {
      ...{ what, address, setting },
      reason: needsPrivilege ? NO_PRIVILEGE : reason,
    });
  }

  /** Each kind is told when it begins, and not for every packet. */
  #noteRefused(refused: RefusalCounts): void {
    for (const why of REFUSALS)
      if (refused[why] > 0 && !this.#refused?.[why])
        this.#context.log.warn({ reflector: this.#config.id }, `Packets are not answered: ${WHY[why]}`);
    this.#refused = refused;
  }

  #fail(error: SluiceError): void {
    if (this.#trouble?.message !== error.message)
      this.#context.log.error({ reflector: this.#config.id, code: error.code }, error.message);
    this.#trouble = error;
  }
}

/** What no schema can see. Throws `CONFIG_INVALID` or `REFLECTOR_OPEN`. */
function refuseMistakes({ listen, allow }: StampReflectorConfig): void {
  const problems = [
    ...listen
      .filter((address) => isIP(address) === 0)
      .map((address) => `  listen: ${address} is no IP address`),
    ...(allow ?? [])
      .filter((entry) => !isAllowEntry(entry))
      .map((entry) => `  allow: ${entry} is neither an address nor a prefix such as 10.20.0.0/16`),
  ];
  if (problems.length > 0) throw new SluiceError('CONFIG_INVALID', { problems: problems.join('\n') });
  const reachable = listen.find((address) => !isLoopback(address));
  if (reachable !== undefined && allow === undefined)
    throw new SluiceError('REFLECTOR_OPEN', { address: reachable });
}
