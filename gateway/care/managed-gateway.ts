import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { BROKER_FILES } from '../../core/broker-connection.ts';
import type { CareRequest } from '../../core/care-request.ts';
import { type Cancel, delay } from '../../core/clock.ts';
import { checkConfig, parseConfig } from '../../core/config.ts';
import type { ServiceContext } from '../../core/context.ts';
import { asSluiceError, SluiceError, type Words } from '../../core/errors.ts';
import { FolderLock } from '../../core/folder-lock.ts';
import { eventReason, type GatewayEvent } from '../../core/gateway-event.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { LogLevel } from '../../core/log.ts';
import { GatewayConfig } from '../config.ts';
import { gatewayFolder } from '../gateway-folder.ts';
import { careAnswer } from './care-answer.ts';
import { BASE, ConfigVersions } from './config-versions.ts';
import { leftoverEvents, rolledBackEvent } from './leftover-events.ts';
import { ownProfiles, withOuterProfiles } from './own-profiles.ts';
import { parseCareRequest } from './parse-care-request.ts';

/** A gateway as care sees it: something that can be stopped and made anew from other settings. */
export interface RunningGateway extends Service {
  /** On the disk soon after, and sent when the broker is there. */
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
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** What was told is with the outbox; a power cut may cost that the last seconds, so it is told again after one. */
const SURELY_KEPT_MS = 60_000;

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
  #isTakenUp = false;
  /** Between its start and its stop: what it is given to tell is told. */
  #isUp = false;
  /** Ids of the news that it was given. */
  readonly #told = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  #probing: Promise<unknown> = Promise.resolve();
  #isChanging = false;
  #restoreLogLevel: (() => void) | undefined;
  #cancelForget: Cancel | undefined;

  /** `config` are the settings of the file at the gateway. Throws what is wrong with them. */
  constructor(config: GatewayConfig, context: ServiceContext, create: CreateRunning) {
    const { gateway } = config;
    this.name = `gateway ${gateway}`;
    this.#base = config;
    this.#config = config;
    this.#context = { ...context, log: context.log.child({ gateway }) };
    this.#create = create;
    this.#folder = gatewayFolder(context.dataFolder, config);
    this.#versions = new ConfigVersions(join(this.#folder, 'care'));
    this.#running = this.#make(config, BASE);
  }

  async start(signal: AbortSignal): Promise<void> {
    if (!this.#isTakenUp) this.#takeUp();
    await this.#running.start(signal);
    this.#isUp = true;
    this.#tell();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#restoreLogLevel?.();
    this.#cancelForget?.();
    await this.#work;
    this.#isUp = false;
    await this.#running.stop();
    // The outbox has written all that it was given.
    if (this.#told.size > 0)
      this.#noting(() => this.#versions.forget(this.#versions.news.filter(this.#isTold)));
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

  /** Goes on with the settings that were last accepted, and tells what an earlier run could not tell any more. */
  #takeUp(): void {
    this.#claim();
    this.#isTakenUp = true;
    const leftovers = this.#versions.open(this.#base, completed);
    const news = leftoverEvents(leftovers, this.#base.care.trialS, this.#context.clock.nowMs());
    const { active } = this.#versions;
    if (active !== BASE) {
      try {
        const config = this.#read(active);
        this.#running = this.#make(config, active);
        this.#config = config;
      } catch (thrown) {
        // Accepted once, by an earlier release perhaps. The file at the gateway has been checked already.
        news.push(rolledBackEvent(eventReason(asSluiceError(thrown)), this.#context.clock.nowMs()));
      }
    }
    for (const { reason } of news) this.#context.log.warn({}, reason?.en ?? '');
    if (news.length > 0) this.#noting(() => this.#versions.takeUp(news));
  }

  /** Hands to the outbox what must be told. A stopped gateway has none; the one after it is given it. */
  #tell(): void {
    if (!this.#isUp) return;
    const news = this.#versions.news.filter((event) => !this.#isTold(event));
    if (news.length === 0) return;
    for (const event of news) {
      this.#told.add(event.id);
      this.#running.emit(event);
    }
    this.#cancelForget?.();
    const keptMs = Math.max(SURELY_KEPT_MS, 2_000 * this.#config.outbox.syncEveryS);
    this.#cancelForget = this.#context.clock.after(keptMs, () => {
      this.#noting(() => this.#versions.forget(this.#versions.news.filter(this.#isTold)));
      this.#told.clear();
    });
  }

  readonly #isTold = ({ id }: GatewayEvent): boolean => this.#told.has(id);

  /** What has happened holds though the disk may not take it; then the next run may tell it again. */
  #noting(note: () => void): void {
    try {
      note();
    } catch (thrown) {
      const error = asSluiceError(thrown);
      this.#context.log.error({ code: error.code }, error.message);
    }
  }

  /** Of what arrives, only what can be read, is new and has not expired is carried out; all that can be read is answered. */
  #onCare(text: string): void {
    let request: CareRequest;
    try {
      request = parseCareRequest(text);
    } catch (thrown) {
      this.#context.log.warn({}, asSluiceError(thrown).message);
      return;
    }
    const { id, action, issuer } = request;
    try {
      // The host repeats a request until it has the answer.
      if (!this.#versions.takeOn(request)) return;
    } catch (thrown) {
      this.#running.emit(this.#answer(request, { error: asSluiceError(thrown) }));
      return;
    }
    this.#context.log.info({ request: id, action, issuer }, 'care is asked for');
    const answered = this.#carryOut(request)
      .catch((thrown) => {
        const error = asSluiceError(thrown);
        this.#context.log.warn({ request: id, action, code: error.code }, error.message);
        return { error };
      })
      .then((end) => {
        if (end) this.#noting(() => this.#versions.finish(id, this.#answer(request, end)));
        this.#tell();
      });
    this.#work = Promise.all([this.#work, answered]).then(() => {});
  }

  /** `undefined` where the answer is kept already, or the next run has to give it. */
  async #carryOut(request: CareRequest): Promise<{ readonly result: unknown } | undefined> {
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
        return { result: await this.#probe(request.device) };
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
  async #change(
    request: CareRequest,
    choose: () => number,
  ): Promise<{ readonly result: unknown } | undefined> {
    if (!this.#base.care.remote) throw new SluiceError('CARE_DISABLED');
    if (this.#isChanging) throw new SluiceError('CARE_BUSY');
    this.#isChanging = true;
    try {
      const version = choose();
      const before = { config: this.#config, version: this.#versions.active };
      const { devicesUp } = this.#running.condition();
      const isTrial = request.action !== 'restart';
      if (isTrial) this.#versions.beginTrial(version, request.id);
      const end = { result: { version } };
      const accept = () => isTrial && this.#versions.accept(version, this.#answer(request, end));
      const problem = await this.#tryOut(version, devicesUp, accept);
      if (problem === undefined) return end;
      // The process is ending: the next run finds what was cut short, and answers.
      if (this.#abort.signal.aborted) return undefined;
      const { trialS } = this.#base.care;
      const error = new SluiceError('CARE_TRIAL_FAILED', { trialS, reason: problem });
      this.#context.log.warn({ request: request.id, code: error.code }, error.message);
      if (isTrial) this.#noting(() => this.#versions.reject(this.#answer(request, { error })));
      await this.#goBack(before);
      return isTrial ? undefined : Promise.reject(error);
    } finally {
      this.#isChanging = false;
    }
  }

  /** Why the version did not come up; `undefined` where it did and is accepted. */
  async #tryOut(
    version: number,
    devicesUp: readonly string[],
    accept: () => void,
  ): Promise<Words | undefined> {
    const { clock } = this.#context;
    const { signal } = this.#abort;
    try {
      const config = this.#read(version);
      await this.#swap(this.#make(config, version), config);
      const endMs = clock.monotonicMs() + 1000 * this.#base.care.trialS;
      // A device that answered before and is still named should answer again; with none of those, the broker is enough.
      const expected = devicesUp.filter((device) => this.#running.devices.includes(device));
      for (;;) {
        if (signal.aborted) return NOT_ONLINE;
        const { isOnline, devicesUp: now } = this.#running.condition();
        if (isOnline && (expected.length === 0 || expected.some((device) => now.includes(device)))) break;
        if (clock.monotonicMs() >= endMs) return isOnline ? NO_DEVICE : NOT_ONLINE;
        await delay(clock, LOOK_AGAIN_MS, signal);
      }
      accept();
      return undefined;
    } catch (thrown) {
      const error = asSluiceError(thrown);
      return { en: error.text('en'), zh: error.text('zh') };
    }
  }

  async #swap(next: RunningGateway, config: GatewayConfig): Promise<void> {
    this.#isUp = false;
    try {
      await this.#running.stop();
    } catch (thrown) {
      this.#context.log.error({ err: thrown }, `did not stop cleanly: ${asSluiceError(thrown).message}`);
    }
    this.#running = next;
    this.#config = config;
    await next.start(this.#abort.signal);
    this.#isUp = true;
    this.#tell();
  }

  /** As often as it takes: nobody else would start what ran before. */
  async #goBack({ config, version }: { config: GatewayConfig; version: number }): Promise<void> {
    const { clock, log } = this.#context;
    for (
      let waitMs = FIRST_RETRY_MS;
      !this.#abort.signal.aborted;
      waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS)
    ) {
      try {
        return await this.#swap(this.#make(config, version), config);
      } catch (thrown) {
        const error = asSluiceError(thrown);
        log.error({ code: error.code, retryInMs: waitMs }, error.message);
      }
      await delay(clock, waitMs, this.#abort.signal);
    }
  }

  #make(config: GatewayConfig, version: number): RunningGateway {
    const context = { ...this.#context, configFolder: this.#folderOf(version) };
    return this.#create(config, context, (text) => this.#onCare(text));
  }

  /**
   * Password, certificates and profiles outside its folder stay where they were: named relative to the settings at the gateway.
   * So does what stands there about care: nobody locks himself out from afar, or opens what was locked.
   */
  #read(version: number): GatewayConfig {
    if (version === BASE) return this.#base;
    const parsed = parseConfig(GatewayConfig, this.#versions.textOf(version), 'gateway.yaml');
    const { configFolder } = this.#context;
    const config = { ...withOuterProfiles(parsed, configFolder), care: this.#base.care };
    const broker = { ...config.broker };
    for (const name of BROKER_FILES) {
      const file = broker[name];
      if (file !== undefined) broker[name] = resolve(configFolder, file);
    }
    return { ...config, broker };
  }

  #folderOf(version: number): string {
    return version === BASE ? this.#context.configFolder : this.#versions.folderOf(version);
  }

  #setLogLevel(level: LogLevel, forS: number): void {
    const { log, clock } = this.#context;
    this.#restoreLogLevel?.();
    const before = log.level;
    const restore = () => {
      cancel();
      log.level = before;
      this.#restoreLogLevel = undefined;
    };
    const cancel = clock.after(1000 * forS, restore);
    log.level = level;
    this.#restoreLogLevel = restore;
  }

  /** One after the other: what goes over the wire is shown to one probe at a time. */
  #probe(device: string): Promise<unknown> {
    const probe = this.#probing.then(() => {
      this.#assertDevice(device);
      return this.#running.probe(device, this.#abort.signal);
    });
    this.#probing = probe.catch(() => {});
    return probe;
  }

  #assertDevice(device: string): void {
    const { devices } = this.#running;
    if (devices.includes(device)) return;
    throw new SluiceError('CARE_DEVICE_UNKNOWN', { device, devices: devices.join(', ') });
  }

  #answer(request: CareRequest, end: Parameters<typeof careAnswer>[2]): GatewayEvent {
    return careAnswer(request, this.#context.clock.nowMs(), end);
  }
}

/** What an earlier release kept, with what is the default today; as it is, where it would be refused today. */
function completed(kept: unknown): unknown {
  try {
    return checkConfig(GatewayConfig, structuredClone(kept));
  } catch {
    return kept;
  }
}

const NO_DEVICE: Words = { en: 'no device answers that answered before', zh: '之前有应答的设备均无应答' };
const NOT_ONLINE: Words = { en: 'its session did not reach the broker', zh: '未能连接到代理' };
