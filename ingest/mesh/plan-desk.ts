import type { Cancel, Clock } from '../../core/clock.ts';
import type { Service } from '../../core/lifecycle.ts';
import { type LinkPlan, PLAN_METRIC } from '../../core/links/link-plan.ts';
import { encodePlan } from '../../core/links/plan-text.ts';
import type { Log } from '../../core/log.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { formatTopic } from '../../core/sparkplug/topic.ts';
import { gatewayName } from '../gateway-name.ts';
import type { HostState, NodeState } from '../session/host-state.ts';
import { contentHash } from './content-hash.ts';
import type { MeshBook } from './mesh-book.ts';

/** QoS 0 may lose a plan, and an agent with a long backlog of its own is slow: from 5 s to 5 min, half an hour in all. */
const FIRST_REPEAT_MS = 5_000;
const LONGEST_REPEAT_MS = 300_000;
const MOST_TRIES = 10;

const NOTHING_TO_DO = { recordS: 60, links: [], reflectTo: [] };
/** Of an agent that the mesh does not name any more. */
export const EMPTY_PLAN: LinkPlan = { version: contentHash(NOTHING_TO_DO), ...NOTHING_TO_DO };

interface PlanDeskParts {
  readonly mesh: Pick<MeshBook, 'expanded' | 'isNamed' | 'onChange'>;
  readonly host: HostState;
  readonly clock: Clock;
  readonly log: Log;
  publish(topic: string, payload: Uint8Array): void;
}

interface Handing {
  readonly version: string;
  tries: number;
  cancel: Cancel;
}

/**
 * Hands each agent its part of the mesh: whenever its birth names another version than the mesh has, and again until a birth names
 * this one. A gateway whose birth names none is not asked to do anything. Of a cluster, only the worker that follows a gateway sees it online.
 */
export class PlanDesk implements Service {
  readonly name = 'plans';
  readonly #parts: PlanDeskParts;
  readonly #handing = new Map<string, Handing>();

  constructor(parts: PlanDeskParts) {
    this.#parts = parts;
    parts.mesh.onChange(() => this.#lookAtAll());
  }

  async start(): Promise<void> {
    this.#lookAtAll();
  }

  async stop(): Promise<void> {
    for (const name of [...this.#handing.keys()]) this.#end(name);
  }

  /** A gateway was born, came or went. */
  look({ site, gateway }: Pick<NodeState, 'site' | 'gateway'>): void {
    const name = gatewayName({ site, gateway });
    const node = this.#parts.host.nodes.get(name);
    const plan = node?.online ? this.#wanted(name, node) : undefined;
    const handing = this.#handing.get(name);
    if (!plan) {
      if (handing && node?.online)
        this.#parts.log.info({ site, gateway, version: node.planVersion }, 'an agent goes by its plan');
      this.#end(name);
      return;
    }
    if (handing?.version === plan.version) return;
    this.#end(name);
    this.#handing.set(name, { version: plan.version, tries: 0, cancel: () => {} });
    this.#send(name);
  }

  /** What a gateway should be told: nothing, where it goes by the right plan, knows no plans, or is no business of this host. */
  #wanted(name: string, { planVersion }: NodeState): LinkPlan | undefined {
    const { expanded, isNamed } = this.#parts.mesh;
    // A mesh that could not be read is not an empty one.
    if (!isNamed || !expanded || planVersion === undefined) return undefined;
    const plan = expanded.plans.get(name) ?? (planVersion === '' ? undefined : EMPTY_PLAN);
    return plan?.version === planVersion ? undefined : plan;
  }

  #send(name: string): void {
    const { host, clock, log, publish } = this.#parts;
    const node = host.nodes.get(name);
    const handing = this.#handing.get(name);
    const plan = node?.online && this.#wanted(name, node);
    if (!node || !handing || !plan) {
      this.#end(name);
      return;
    }
    const { site, gateway } = node;
    if (handing.tries >= MOST_TRIES) {
      // The entry stays, so that this version is not offered again before the gateway has been away.
      log.warn(
        { site, gateway, version: plan.version },
        'an agent does not take its plan; its events say why',
      );
      return;
    }
    const nowMs = clock.nowMs();
    const metrics = [
      { name: PLAN_METRIC, timeMs: nowMs, dataType: DATA_TYPES.String, value: encodePlan(plan) },
    ];
    publish(formatTopic({ site, type: 'NCMD', gateway }), encodePayload({ timeMs: nowMs, metrics }));
    const repeatMs = Math.min(FIRST_REPEAT_MS * 2 ** handing.tries, LONGEST_REPEAT_MS);
    handing.tries++;
    handing.cancel = clock.after(repeatMs, () => this.#send(name));
  }

  #end(name: string): void {
    this.#handing.get(name)?.cancel();
    this.#handing.delete(name);
  }

  #lookAtAll(): void {
    for (const node of this.#parts.host.nodes.values()) this.look(node);
  }
}
