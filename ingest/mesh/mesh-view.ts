import type { Words } from '../../core/errors.ts';
import type { ProbeSpec } from '../../core/links/link-plan.ts';
import type { LinkClass } from '../../core/links/measures.ts';
import type { Link, Objective, Pop } from '../../core/links/mesh.ts';
import { gatewayName } from '../gateway-name.ts';
import type { HostState } from '../session/host-state.ts';
import type { ExpandedMesh } from './expand-mesh.ts';
import { NO_MESH } from './mesh-book.ts';

/**
 * How far an agent has come with its plan. `none`: the point is a reflector of somebody else; `unknown`: it was not heard of, or takes no plans.
 */
export const PLAN_STATES = ['in-force', 'pending', 'unknown', 'none'] as const;
export type PlanState = (typeof PLAN_STATES)[number];

export interface AgentView {
  readonly site: string;
  readonly gateway: string;
  readonly online: boolean;
  readonly plan: PlanState;
}

export interface LinkView {
  readonly id: string;
  readonly from: PopView;
  readonly to: PopView;
  readonly class: LinkClass;
  readonly objective: Objective;
  readonly probes: readonly ProbeSpec[];
  readonly behind: readonly string[];
  readonly agent: AgentView;
}

export type PopView = Pick<Pop, 'id' | 'network' | 'name'>;

export interface MeshView {
  readonly version: string;
  readonly recordS: number;
  readonly networks: readonly { readonly id: string; readonly name: Words; readonly country?: string }[];
  readonly pops: readonly (PopView & {
    readonly addresses: readonly string[];
    readonly country?: string;
    readonly agent: AgentView;
  })[];
  readonly links: number;
}

/** The mesh as the API shows it, with what the host session knows of its agents. */
export class MeshViews {
  readonly #expanded: () => ExpandedMesh | undefined;
  readonly #host: HostState;

  constructor(expanded: () => ExpandedMesh | undefined, host: HostState) {
    this.#expanded = expanded;
    this.#host = host;
  }

  mesh(): MeshView {
    const expanded = this.#expanded() ?? NO_MESH;
    const { mesh, networks, places } = expanded;
    return {
      ...{ version: mesh.version, recordS: mesh.recordS, links: mesh.links.size },
      networks: Array.from(networks.values(), ({ id, name, country }) => ({
        id,
        name,
        ...toldCountry(country),
      })),
      pops: Array.from(places.values(), ({ pop, country, addresses }) => ({
        ...popView(pop),
        addresses: Object.values(addresses),
        ...toldCountry(country),
        agent: this.#agent(expanded, pop),
      })),
    };
  }

  links(): LinkView[] {
    const expanded = this.#expanded() ?? NO_MESH;
    return Array.from(expanded.mesh.links.values(), (link) => this.#link(expanded, link));
  }

  #link(expanded: ExpandedMesh, { from, to, ...link }: Link): LinkView {
    return { ...link, from: popView(from), to: popView(to), agent: this.#agent(expanded, from) };
  }

  #agent({ plans }: ExpandedMesh, { site, gateway }: Pop): AgentView {
    const name = gatewayName({ site, gateway });
    const node = this.#host.nodes.get(name);
    const version = plans.get(name)?.version;
    const isTold = node?.planVersion !== undefined;
    const plan = !version
      ? 'none'
      : !isTold
        ? 'unknown'
        : node.planVersion === version
          ? 'in-force'
          : 'pending';
    return { site, gateway, online: node?.online ?? false, plan };
  }
}

function popView({ id, network, name }: Pop): PopView {
  return { id, network, name };
}

function toldCountry(country: string | undefined): { readonly country?: string } {
  return country === undefined ? {} : { country };
}
