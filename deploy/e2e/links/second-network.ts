import { execFileSync } from 'node:child_process';

/** What is dropped on its way into the other namespace, or out of it: each `every`th UDP packet of a port. */
export interface Drop {
  readonly direction: 'in' | 'out';
  readonly port: number;
  readonly every: number;
}

let made = 0;

/**
 * A network namespace beside ours, joined by a pair of virtual Ethernet interfaces: packets between the two leave one
 * network stack and enter another, and nftables over there drops what it is told to.
 */
export class SecondNetwork {
  readonly name = `sluice-${process.pid}-${++made}`;
  readonly ours: { readonly v4: string; readonly v6: string };
  readonly theirs: { readonly v4: string; readonly v6: string };
  readonly #interface = `slc${process.pid % 1_000_000}-${made}`;

  constructor() {
    const subnet = process.pid % 250;
    const host = 4 * made;
    this.ours = { v4: `10.213.${subnet}.${host + 1}`, v6: `fd5a:${subnet}:${made}::1` };
    this.theirs = { v4: `10.213.${subnet}.${host + 2}`, v6: `fd5a:${subnet}:${made}::2` };
  }

  open(): void {
    const [here, there] = [`${this.#interface}a`, `${this.#interface}b`];
    ip('netns', 'add', this.name);
    ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', this.name);
    for (const [side, name, { v4, v6 }] of [
      [[], here, this.ours],
      [['-n', this.name], there, this.theirs],
    ] as const) {
      ip(...side, 'addr', 'add', `${v4}/30`, 'dev', name);
      // Without the second in which a new address of IPv6 is looked for elsewhere.
      ip(...side, '-6', 'addr', 'add', `${v6}/64`, 'dev', name, 'nodad');
      ip(...side, 'link', 'set', name, 'up');
    }
    ip('-n', this.name, 'link', 'set', 'lo', 'up');
  }

  /** How a program is started over there. */
  get command(): readonly [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.name];
  }

  drop(drops: readonly Drop[]): void {
    const rule = ({ direction, port, every }: Drop) =>
      `udp ${direction === 'in' ? 'dport' : 'sport'} ${port} numgen inc mod ${every} ${every - 1} counter drop`;
    const chain = (direction: Drop['direction']) =>
      [
        `chain ${direction} {`,
        `type filter hook ${direction}put priority 0;`,
        ...drops.filter((one) => one.direction === direction).map(rule),
        '}',
      ].join('\n');
    const rules = `table inet drops {\n${chain('in')}\n${chain('out')}\n}\n`;
    this.#nft(['-f', '-'], rules);
  }

  /** Packets dropped so far. */
  dropped(direction: Drop['direction'], port: number): number {
    const listed = this.#nft(['list', 'chain', 'inet', 'drops', direction]);
    const side = direction === 'in' ? 'dport' : 'sport';
    return Number(new RegExp(`${side} ${port} .*counter packets (\\d+)`).exec(listed)?.[1]);
  }

  close(): void {
    // Takes both interfaces along.
    ip('netns', 'del', this.name);
  }

  #nft(args: readonly string[], input = ''): string {
    const [program, ...before] = this.command;
    return execFileSync(program, [...before, 'nft', ...args], { input, encoding: 'utf8' });
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Why no such network may be made here; `undefined` where it may, and where iproute2 is not there to ask. */
export function networkProblem(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux makes them';
  const probe = new SecondNetwork();
  try {
    probe.open();
    return undefined;
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: Buffer };
    return code === 'ENOENT' ? undefined : String(stderr ?? error).trim();
  } finally {
    try {
      probe.close();
    } catch {
      // Then there was nothing to take away.
    }
  }
}
