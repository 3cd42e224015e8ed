import { brokerLogin } from '../../core/broker-connection.ts';
import type { Cancel } from '../../core/clock.ts';
import type { ServiceContext } from '../../core/context.ts';
import { birthsFingerprint } from '../../core/ledger.ts';
import type { LoadConfig } from './load-config.ts';
import { type LoadCounts, LoadGateway } from './load-gateway.ts';
import type { LoadPlan } from './load-reading.ts';

const TICK_MS = 20;
const TELL_EVERY_MS = 10_000;
/** A broker that has come back is not met by everybody at once. */
const RECONNECT_AFTER_MS = 2_000;
/** Messages sent again in one tick: beside the live ones, and fewer. */
const RESEND_PER_TICK = 200;

/** What a fleet has done, for comparing with the store: produced = confirmed + unconfirmed, in readings. */
export interface LoadReport extends LoadCounts {
  readonly plan: LoadPlan;
  readonly online: number;
  readonly produced: number;
  readonly unconfirmed: number;
  readonly rssMb: number;
}

/** Thousands of gateways in one process, on one timer. */
export class LoadFleet {
  readonly plan: LoadPlan;
  readonly #config: LoadConfig;
  readonly #context: ServiceContext;
  readonly #counts: LoadCounts = { connects: 0, births: 0, sentLive: 0, sentAgain: 0, confirmed: 0 };
  readonly #cancels = new Set<Cancel>();
  #gateways: readonly LoadGateway[] = [];
  #toConnect: LoadGateway[] = [];
  /** Messages of the whole fleet so far; the gateways take turns. */
  #due = 0;
  #resendAt = 0;
  #lastTickMs = 0;
  #connectCredit = 0;
  #toldDone = false;

  constructor(config: LoadConfig, seed: number, context: ServiceContext) {
    this.#config = config;
    this.#context = context;
    const { gateways, devices, metrics, everyMs, impossibleEvery } = config;
    const shape = { gateways, devices, metrics, everyMs, impossibleEvery };
    this.plan = { seed, startMs: context.clock.nowMs(), ...shape };
  }

  /** Throws `SECRET_UNREADABLE`. */
  start(): void {
    const { clock, configFolder } = this.#context;
    const options = {
      site: this.#config.site,
      url: this.#config.broker.url,
      login: brokerLogin(this.#config.broker, configFolder),
      nowMs: () => clock.nowMs(),
      births: this.#config.tellsBirths
        ? birthsFingerprint(`${this.plan.devices} ${this.plan.metrics}`)
        : undefined,
      counts: this.#counts,
      lost: (gateway: LoadGateway) => {
        this.#after(RECONNECT_AFTER_MS, () => this.#toConnect.push(gateway));
      },
    };
    this.#gateways = Array.from(
      { length: this.plan.gateways },
      (_, index) => new LoadGateway(index, this.plan, options),
    );
    this.#toConnect = [...this.#gateways];
    this.#lastTickMs = clock.monotonicMs();
    this.#after(TICK_MS, () => this.#tick());
    this.#after(TELL_EVERY_MS, () => this.#tell());
  }

  /** Says goodbye for all, and announces the last count. */
  async stop(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    if (this.#gateways.length === 0) return;
    this.#context.announce(JSON.stringify({ load: this.report() }));
    await Promise.all(this.#gateways.map((gateway) => gateway.disconnect()));
    this.#gateways = [];
  }

  report(): LoadReport {
    const produced = this.#gateways.reduce((sum, gateway) => sum + gateway.produced, 0);
    return {
      plan: this.plan,
      online: this.#gateways.filter(({ isOnline }) => isOnline).length,
      produced,
      unconfirmed: produced - this.#counts.confirmed,
      ...this.#counts,
      rssMb: Math.round(process.memoryUsage.rss() / 1e6),
    };
  }

  #tick(): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#connectSome(nowMs - this.#lastTickMs);
    this.#lastTickMs = nowMs;
    this.#produceDue();
    this.#resendSome();
    this.#after(TICK_MS, () => this.#tick());
  }

  #connectSome(passedMs: number): void {
    const { connectPerS } = this.#config;
    this.#connectCredit = Math.min(connectPerS, this.#connectCredit + (connectPerS * passedMs) / 1000);
    for (; this.#connectCredit >= 1 && this.#toConnect.length > 0; this.#connectCredit -= 1) {
      this.#toConnect.shift()!.connect();
    }
  }

  #produceDue(): void {
    const { gateways, everyMs, devices, startMs } = this.plan;
    const stepMs = everyMs / devices / gateways;
    const dueNow = Math.floor((this.#context.clock.nowMs() - startMs) / stepMs);
    const most = (this.#config.messages ?? Number.POSITIVE_INFINITY) * gateways;
    for (; this.#due < Math.min(dueNow, most); this.#due++) this.#gateways[this.#due % gateways]!.produce();
    if (this.#due === most && !this.#toldDone && this.report().unconfirmed === 0) {
      this.#toldDone = true;
      this.#context.announce(JSON.stringify({ load: this.report() }));
    }
  }

  /** In turns, so that no gateway waits behind another’s backlog. */
  #resendSome(): void {
    let sent = 0;
    for (let looked = 0; looked < this.#gateways.length && sent < RESEND_PER_TICK; looked++) {
      this.#resendAt = (this.#resendAt + 1) % this.#gateways.length;
      sent += this.#gateways[this.#resendAt]!.resend(1, this.#config.resendAfterMs);
    }
  }

  #tell(): void {
    this.#context.log.info(this.report(), 'load');
    this.#after(TELL_EVERY_MS, () => this.#tell());
  }

  #after(delayMs: number, work: () => void): void {
    const cancel = this.#context.clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      work();
    });
    this.#cancels.add(cancel);
  }
}
