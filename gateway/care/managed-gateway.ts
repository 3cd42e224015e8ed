import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Value } from 'typebox/value';
import { stringify } from 'yaml';
import { CareRequest } from '../../core/care-request.ts';
import { type Cancel, delay } from '../../core/clock.ts';
import { parseConfig } from '../../core/config.ts';
import type { ServiceContext } from '../../core/context.ts';
import { asSluiceError, reasonOf, SluiceError, type Words } from '../../core/errors.ts';
import { FolderLock } from '../../core/folder-lock.ts';
import { type EventReason, eventReason, type GatewayEvent } from '../../core/gateway-event.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { LogLevel } from '../../core/log.ts';
import { GatewayConfig } from '../config.ts';
import { careAnswer } from './care-answer.ts';
import { BASE, ConfigVersions, type Leftover } from './config-versions.ts';
import { ownProfiles } from './own-profiles.ts';

/** A gateway as care sees it: something that can be stopped and made anew from other settings. */
export interface RunningGateway extends Service {
  /** Durable once it returns, and sent when the broker is there. */
  emit(event: GatewayEvent): void;
  condition(): GatewayCondition;
  readonly devices: readonly string[];
  /** Talks to a device once; what it returns goes into the answer. */
  probe(device: string, signal: AbortSignal): Promise<unknown>;
}

export interface GatewayCondition {
  readonly isOnline: boolean;
  readonly devicesUp: readonly string[];
}

/** Makes a gateway; touches neither hardware nor network. `onCare` is given what arrives as `Care/Request`. */
export type CreateRunning = (
  config: GatewayConfig,
  context: ServiceContext,
  onCare: (text: string) => void,
) => RunningGateway;

const LOOK_AGAIN_MS = 250;

const LEFTOVERS: Readonly<Record<Leftover['kind'], Words>> = {
  'trial-cut-short': {
    en: 'the gateway went down while a new configuration was being tried; the earlier one runs again',
    zh: '网关在试用新配置期间停止，现已恢复使用之前的配置',
  },
  'base-changed': {
    en: 'the settings file at the gateway was edited; it runs, and the configuration given over the network does not',
    zh: '网关本地的设置文件已被修改，现以该文件为准，不再使用远程下发的配置',
  },
};

/**
 * The gateway as a service of the process, with its settings in its keeping: it runs those that were last accepted,
 * and changes them when it is asked to over the network. New settings are first checked without touching anything,
 * then tried: the gateway is made anew from them, and unless it comes up — its session is at the broker, and a device
 * answers if one did before — the old ones are back. Stopping the old gateway closes its valves, as any stop does.
 */
export class ManagedGateway implements Service {
  readonly name: string;
  readonly #base: GatewayConfig;
  readonly #context: ServiceContext;
  readonly #create: CreateRunning;
  readonly #folder: string;
  readonly #versions: ConfigVersions;
  readonly #abort = new AbortController();
  #config: GatewayConfig;
  #running: RunningGateway;
  #lock: FolderLock | undefined;
  #work: Promise<void> = Promise.resolve();
  #isChanging = false;
  #cancelLogLevel: Cancel | undefined;

  /** `config` are the settings of the file at the gateway. Throws what is wrong with them. */
  constructor(config: GatewayConfig, context: ServiceContext, create: CreateRunning) {
    const { site, gateway } = config;
    this.name = `gateway ${gateway}`;
    this.#base = config;
    this.#config = config;
    this.#context = { ...context, log: context.log.child({ gateway }) };
    this.#create = create;
    // An id has no dot, so no two gateways share a folder.
    this.#folder = join(context.dataFolder, 'gateway', `${site}.${gateway}`);
    this.#versions = new ConfigVersions(join(this.#folder, 'care'));
    this.#running = this.#make(config, BASE);
  }

  async start(signal: AbortSignal): Promise<void> {
    const news = this.#lock ? [] : this.#takeUp();
    await this.#running.start(signal);
    for (const event of news) this.#running.emit(event);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelLogLevel?.();
    await this.#work;
    await this.#running.stop();
    this.#lock?.release();
    this.#lock = undefined;
  }

  trouble(): SluiceError | undefined {
    return this.#running.trouble?.();
  }

  /**
   * A second process as the same gateway would take turns with this one at the broker and on the serial line. A folder
   * that cannot be written keeps nobody from measuring.
   */
  #claim(): void {
    try {
      this.#lock = new FolderLock(this.#folder);
    } catch (error) {
      if (asSluiceError(error).code === 'DATA_FOLDER_IN_USE') throw error;
      this.#context.log.error({}, asSluiceError(error).message);
    }
  }

  /** Goes on with the settings that were last accepted; returns what an earlier run could not tell any more. */
  #takeUp(): GatewayEvent[] {
    this.#claim();
    if (!this.#lock) return [];
    const news: GatewayEvent[] = [];
    for (const { kind, request } of this.#versions.open(this.#base)) {
      this.#context.log.warn({ kind }, LEFTOVERS[kind].en);
      news.push(this.#rolledBack(LEFTOVERS[kind]));
      if (request === undefined) continue;
      const { trialS } = this.#base.care;
      const error = new SluiceError('CARE_TRIAL_FAILED', { trialS, reason: LEFTOVERS[kind] });
      news.push(this.#answer({ id: request, action: 'apply-config', issuer: '' }, { error }));
    }
    const { active } = this.#versions;
    if (active === BASE) return news;
    try {
      const config = this.#read(active);
      this.#running = this.#make(config, active);
      this.#config = config;
    } catch (thrown) {
      // Accepted once, by an earlier release perhaps. The file at the gateway has been checked already.
      const error = asSluiceError(thrown);
      this.#context.log.error({ code: error.code }, error.message);
      news.push(this.#rolledBack(eventReason(error)));
    }
    return news;
  }

  /** Of what arrives, only what can be read, is new and has not expired is carried out; all of it is answered. */
  #onCare(text: string): void {
    let request: CareRequest;
    try {
      request = this.#parse(text);
    } catch (thrown) {
      this.#context.log.warn({}, asSluiceError(thrown).message);
      return;
    }
    const { id, action, issuer } = request;
    try {
      // The host repeats a request until it has the answer.
      if (!this.#versions.takeOn(id)) return;
    } catch (thrown) {
      const details = { folder: this.#folder, reason: reasonOf(thrown) };
      const error = new SluiceError('DATA_FOLDER_UNUSABLE', details, thrown);
      this.#running.emit(this.#answer(request, { error }));
      return;
    }
    this.#context.log.info({ request: id, action, issuer }, 'care is asked for');
    const answered = this.#carryOut(request)
      .catch((thrown) => {
        const error = asSluiceError(thrown);
        this.#context.log.warn({ request: id, action, code: error.code }, error.message);
        return { error };
      })
      .then((end) => this.#running.emit(this.#answer(request, end)));
    this.#work = Promise.all([this.#work, answered]).then(() => {});
  }

  #parse(text: string): CareRequest {
    const invalid = (reason: string) => new SluiceError('CARE_INVALID', { reason });
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw invalid(reasonOf(error));
    }
    if (!Value.Check(CareRequest, value)) throw invalid('it is none of the requests that are known');
    return value;
  }

  async #carryOut(request: CareRequest): Promise<{ readonly result: unknown }> {
    if (this.#context.clock.nowMs() > request.expiresAtMs) {
      throw new SluiceError('CARE_EXPIRED', { expiry: new Date(request.expiresAtMs).toISOString() });
    }
    switch (request.action) {
      case 'read-config':
        return { result: this.#readConfig() };
      case 'check-config':
        this.#versions.discard(this.#stage(request));
        return { result: {} };
      case 'apply-config':
        return this.#change(request, () => this.#stage(request));
      case 'roll-back':
        return this.#change(request, () => this.#previous());
      case 'restart':
        return this.#change(request, () => this.#versions.active);
      case 'set-log-level':
        this.#setLogLevel(request.level, request.forS);
        return { result: {} };
      case 'probe':
        this.#assertDevice(request.device);
        return { result: await this.#running.probe(request.device, this.#abort.signal) };
    }
  }

  /** The settings as they are in force, defaults filled in; secrets are in files of their own and never among them. */
  #readConfig(): unknown {
    const { active } = this.#versions;
    const folder = this.#folderOf(active);
    const profiles = ownProfiles(this.#config).map((name) => [
      name,
      readFileSync(resolve(folder, name), 'utf8'),
    ]);
    return { version: active, config: stringify(this.#config), profiles: Object.fromEntries(profiles) };
  }

  #previous(): number {
    const { previous } = this.#versions;
    if (previous === undefined) throw new SluiceError('CARE_NOTHING_TO_ROLL_BACK');
    return previous;
  }

  /** Writes the settings beside the others and checks them as far as that goes without touching anything. */
  #stage({ config: text, profiles = {} }: Extract<CareRequest, { config: string }>): number {
    const parsed = parseConfig(GatewayConfig, text, 'gateway.yaml');
    const { site, gateway } = this.#base;
    if (parsed.site !== site || parsed.gateway !== gateway) {
      throw new SluiceError('CARE_IDENTITY_FIXED', { site, gateway });
    }
    const folder = this.#folderOf(this.#versions.active);
    const kept = ownProfiles(parsed)
      .filter((name) => !Object.hasOwn(profiles, name))
      .map((name): [string, string] => [name, resolve(folder, name)]);
    const version = this.#versions.stage(text, profiles, new Map(kept));
    try {
      this.#make(this.#read(version), version);
    } catch (error) {
      this.#versions.discard(version);
      throw error;
    }
    return version;
  }

  /** Stops what runs and runs another version in its place, or the same anew; goes back where that does not come up. */
  async #change({ id, action }: CareRequest, choose: () => number): Promise<{ readonly result: unknown }> {
    if (!this.#base.care.remote) throw new SluiceError('CARE_DISABLED');
    if (this.#isChanging) throw new SluiceError('CARE_BUSY');
    this.#isChanging = true;
    try {
      const version = choose();
      const before = { config: this.#config, version: this.#versions.active };
      const { devicesUp } = this.#running.condition();
      if (action !== 'restart') this.#versions.beginTrial(version, id);
      const problem = await this.#tryOut(version, devicesUp);
      if (problem === undefined) {
        if (action !== 'restart') this.#versions.accept(version);
        return { result: { version } };
      }
      // The process is ending: the next run finds the trial that was cut short.
      if (this.#abort.signal.aborted) throw new SluiceError('CARE_BUSY');
      if (action !== 'restart') this.#versions.reject(version);
      await this.#swap(this.#make(before.config, before.version), before.config);
      throw new SluiceError('CARE_TRIAL_FAILED', { trialS: this.#base.care.trialS, reason: problem });
    } finally {
      this.#isChanging = false;
    }
  }

  /** Why the version did not come up; `undefined` where it did. */
  async #tryOut(version: number, devicesUp: readonly string[]): Promise<Words | string | undefined> {
    const { clock } = this.#context;
    try {
      const config = this.#read(version);
      await this.#swap(this.#make(config, version), config);
    } catch (thrown) {
      return reasonOf(thrown);
    }
    const endMs = clock.monotonicMs() + 1000 * this.#base.care.trialS;
    // A device that answered before and is still named should answer again; with none of those, the broker is enough.
    const expected = devicesUp.filter((device) => this.#running.devices.includes(device));
    for (;;) {
      const { isOnline, devicesUp: now } = this.#running.condition();
      const answers = expected.length === 0 || expected.some((device) => now.includes(device));
      if (isOnline && answers) return undefined;
      if (clock.monotonicMs() >= endMs || this.#abort.signal.aborted)
        return isOnline ? NO_DEVICE : NOT_ONLINE;
      await delay(clock, LOOK_AGAIN_MS, this.#abort.signal);
    }
  }

  async #swap(next: RunningGateway, config: GatewayConfig): Promise<void> {
    await this.#running.stop();
    this.#running = next;
    this.#config = config;
    await next.start(this.#abort.signal);
  }

  #make(config: GatewayConfig, version: number): RunningGateway {
    const context = { ...this.#context, configFolder: this.#folderOf(version) };
    return this.#create(config, context, (text) => this.#onCare(text));
  }

  /** The password stays where it was: its file is named relative to the settings at the gateway. */
  #read(version: number): GatewayConfig {
    if (version === BASE) return this.#base;
    const config = parseConfig(GatewayConfig, this.#versions.textOf(version), 'gateway.yaml');
    const { passwordFile } = config.broker;
    if (passwordFile === undefined) return config;
    return {
      ...config,
      broker: { ...config.broker, passwordFile: resolve(this.#context.configFolder, passwordFile) },
    };
  }

  #folderOf(version: number): string {
    return version === BASE ? this.#context.configFolder : this.#versions.folderOf(version);
  }

  #setLogLevel(level: LogLevel, forS: number): void {
    const { log, clock } = this.#context;
    this.#cancelLogLevel?.();
    const before = log.level;
    log.level = level;
    this.#cancelLogLevel = clock.after(1000 * forS, () => {
      log.level = before;
      this.#cancelLogLevel = undefined;
    });
  }

  #assertDevice(device: string): void {
    const { devices } = this.#running;
    if (devices.includes(device)) return;
    throw new SluiceError('CARE_DEVICE_UNKNOWN', { device, devices: devices.join(', ') });
  }

  #answer(request: Parameters<typeof careAnswer>[0], end: Parameters<typeof careAnswer>[2]): GatewayEvent {
    return careAnswer(request, this.#context.clock.nowMs(), end);
  }

  #rolledBack(reason: EventReason): GatewayEvent {
    const timeMs = this.#context.clock.nowMs();
    return {
      id: randomUUID(),
      timeMs,
      kind: 'condition',
      condition: 'config-rolled-back',
      isRaised: true,
      reason,
    };
  }
}

const NO_DEVICE: Words = { en: 'no device answers that answered before', zh: '之前有应答的设备均无应答' };
const NOT_ONLINE: Words = { en: 'its session did not reach the broker', zh: '未能连接到代理' };
