import { randomUUID } from 'node:crypto';
import { checkConfig } from '../../../core/config.ts';
import { asSluiceError, reasonOf, SluiceError, type Words } from '../../../core/errors.ts';
import { eventReason, type GatewayEvent } from '../../../core/gateway-event.ts';
import { LinkPlan } from '../../../core/links/link-plan.ts';
import { decodePlan } from '../../../core/links/plan-text.ts';
import type { Log } from '../../../core/log.ts';
import type { Driver } from '../../driver.ts';
import { planExcess } from './plan-bounds.ts';
import { PlanFile } from './plan-file.ts';

interface PlanReceptionParts {
  /** Of the gateway's own data. */
  readonly folder: string;
  readonly driver: Driver & Required<Pick<Driver, 'takesPlans'>>;
  readonly log: Log;
  nowMs(): number;
  /** Ids of devices that are not this driver's. */
  others(): ReadonlySet<string>;
  /** Who may use the reflectors of this gateway, besides those of its settings. */
  allowReflection(addresses: readonly string[]): void;
  /** The devices of the driver are others than before. */
  replaced(before: readonly string[]): void;
  emit(event: GatewayEvent): void;
}

const TAKEN: Words = { en: 'a plan of links was taken', zh: '链路计划已被采用' };

/**
 * Takes plans of links that the host sends: checked, kept on the disk, then handed to the driver. One that cannot be used is told once, and
 * the one before it stays in force.
 */
export class PlanReception {
  readonly #parts: PlanReceptionParts;
  readonly #file: PlanFile;
  #plan: LinkPlan | undefined;
  /** What was said of the plan that was refused last; a host repeats itself. */
  #refusal: string | undefined;

  constructor(parts: PlanReceptionParts) {
    this.#parts = parts;
    this.#file = new PlanFile(parts.folder);
  }

  /** Of the plan in force; empty where there is none. */
  get version(): string {
    return this.#plan?.version ?? '';
  }

  /** Goes on by the plan that is kept. Before anything is started; `replaced` is not called. */
  takeUp(): void {
    const { log } = this.#parts;
    try {
      const plan = this.#file.read();
      if (!plan) return;
      this.#check(plan);
      this.#goBy(plan);
    } catch (thrown) {
      // Nothing else at this gateway stands still for it, and the host sees that there is no plan and sends it.
      log.error({}, reasonOf(thrown));
    }
  }

  /** The text of a `Links/Plan`. Throws nothing. */
  take(text: string): void {
    const { log, emit } = this.#parts;
    try {
      this.#take(text);
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (error.message === this.#refusal) return;
      this.#refusal = error.message;
      log.error({ code: error.code }, error.message);
      emit(this.#event(true, eventReason(error)));
    }
  }

  #take(text: string): void {
    const { driver, log, emit, replaced } = this.#parts;
    const plan = this.#read(text);
    // The host says it again where the birth that answered it was lost; it asks for that one itself.
    if (plan.version === this.version) return;
    this.#check(plan);
    this.#file.write(plan);
    const before = driver.devices.map(({ id }) => id);
    try {
      this.#goBy(plan);
    } catch (thrown) {
      if (this.#plan) this.#file.write(this.#plan);
      throw thrown;
    }
    log.info({ version: plan.version, links: plan.links.length }, 'a plan of links is in force');
    replaced(before);
    if (this.#refusal !== undefined) emit(this.#event(false, TAKEN));
    this.#refusal = undefined;
  }

  #goBy(plan: LinkPlan): void {
    const { driver, allowReflection } = this.#parts;
    driver.takesPlans.take(plan);
    this.#plan = plan;
    allowReflection(plan.reflectTo);
  }

  #read(text: string): LinkPlan {
    try {
      return checkConfig(LinkPlan, decodePlan(text));
    } catch (error) {
      const why = reasonOf(error);
      const reason = { en: `it cannot be read: ${why}`, zh: `无法读取：${why}` };
      throw new SluiceError('PLAN_REFUSED', { reason }, error);
    }
  }

  #check(plan: LinkPlan): void {
    const { driver, others } = this.#parts;
    const reason =
      doubleOf(plan, others()) ?? recordsAstray(plan) ?? planExcess(plan, driver.takesPlans.bounds);
    if (reason) throw new SluiceError('PLAN_REFUSED', { reason });
  }

  #event(isRaised: boolean, reason: ReturnType<typeof eventReason> | Words): GatewayEvent {
    const timeMs = this.#parts.nowMs();
    return { kind: 'condition', id: randomUUID(), timeMs, condition: 'plan-refused', isRaised, reason };
  }
}

/** A link is a device of the gateway, and each has its own id. */
function doubleOf({ links }: LinkPlan, others: ReadonlySet<string>): Words | undefined {
  const ids = new Set<string>();
  for (const { link } of links) {
    if (others.has(link))
      return {
        en: `link ${link} has the id of another device of this gateway; give the link another \`id\` in the mesh`,
        zh: `链路 ${link} 与本网关的另一设备标识相同；请在网格文件中为该链路设置其他 \`id\``,
      };
    if (ids.has(link)) return { en: `link ${link} stands twice`, zh: `链路 ${link} 重复出现` };
    ids.add(link);
  }
  return undefined;
}

/** A record that lies in two hours is in the verdict of neither. */
function recordsAstray({ recordS }: LinkPlan): Words | undefined {
  if (3_600 % recordS === 0) return undefined;
  return {
    en: `its records take ${recordS} s, which does not divide an hour`,
    zh: `其记录时长为 ${recordS} 秒，不能整除一小时`,
  };
}
