import type { ChaosRig, Victim } from './chaos-rig.ts';

/** A thing that is broken for a while, and mended. */
export interface Fault {
  /** For the count, such as `kill gateway`. */
  readonly kind: string;
  /** For the log, such as `kill shed-1`. */
  readonly what: string;
  /** No other fault strikes what this one has struck. */
  readonly targets: readonly string[];
  /** The gateway that hears nothing of its slave meanwhile, or may forget what it heard. */
  readonly deaf?: string;
  strike(): unknown;
  mend(): unknown;
}

type Choose = <T>(list: readonly T[]) => T;

/** Every fault that can be had here; `choose` decides which one of a kind. */
export const FAULTS: Readonly<Record<string, (rig: ChaosRig, choose: Choose) => Fault | undefined>> = {
  kill: (rig, choose) => {
    const victim = choose([...rig.victims.values()]);
    return {
      ...named('kill', victim),
      ...deafness(victim),
      strike: () => victim.kill(),
      mend: () => victim.run(),
    };
  },
  freeze: (rig, choose) => {
    const victim = choose([...rig.victims.values()]);
    return {
      ...named('freeze', victim),
      ...deafness(victim),
      strike: () => victim.freeze(true),
      mend: () => victim.freeze(false),
    };
  },
  tear: (rig, choose) => linkFault(rig, choose, 'torn'),
  silence: (rig, choose) => linkFault(rig, choose, 'silent'),
  'fill disk of': (rig, choose) => {
    const victim = choose([...rig.victims.values()]);
    const { disk } = victim;
    if (!disk) return undefined;
    const mend = async () => {
      disk.free();
      await victim.recover?.();
    };
    return { ...named('fill disk of', victim), strike: () => disk.fill(), mend };
  },
};

function named(verb: string, { name, role, links }: Victim): Pick<Fault, 'kind' | 'what' | 'targets'> {
  return { kind: `${verb} ${role}`, what: `${verb} ${name}`, targets: [name, ...links] };
}

function deafness({ name, role }: Victim): Pick<Fault, 'deaf'> {
  return role === 'gateway' ? { deaf: name } : {};
}

function linkFault(rig: ChaosRig, choose: Choose, state: 'torn' | 'silent'): Fault {
  const [name, link] = choose([...rig.links]);
  return {
    ...{ kind: `${state} link`, what: `${state} ${name}`, targets: [name] },
    strike: () => link.set(state),
    mend: () => link.set('whole'),
  };
}
