import { BlockList, isIP } from 'node:net';
import { type Static, Type } from 'typebox';
import type { Words } from '../../../core/errors.ts';
import type { LinkPlan, ProbeSpec } from '../../../core/links/link-plan.ts';
import { unicastAddress } from '../../../core/links/unicast-address.ts';

/**
 * What a host may have this agent do, whoever speaks for it: whoever can publish commands could otherwise have every agent
 * flood an address of his choice, or ask for pages inside the machine.
 */
export const PlanBounds = Type.Object(
  {
    to: Type.Optional(
      Type.Array(Type.String({ pattern: '^[0-9A-Fa-f:.]+/[0-9]{1,3}$', maxLength: 49 }), {
        minItems: 1,
        maxItems: 1_000,
        description:
          'Prefixes that may be probed, such as 192.0.2.0/24. Without it: every address but those of this machine and of its own cable (loopback and link-local)',
      }),
    ),
    names: Type.Array(Type.String({ maxLength: 253 }), {
      maxItems: 1_000,
      default: [],
      description: 'Host names that may be probed; what a name stands for is in the hands of others',
    }),
    maxProbesPerS: Type.Number({
      minimum: 0,
      default: 5_000,
      description: 'All probes of a plan together',
    }),
    maxMbitPerS: Type.Number({
      minimum: 0,
      default: 20,
      description: 'What all probes of a plan together send, Mbit/s',
    }),
  },
  { additionalProperties: false },
);
export type PlanBounds = Static<typeof PlanBounds>;

/** IP and UDP or ICMP header of a probe; a TCP handshake and its end; a request with its headers. B */
const HEADER_BYTES = 48;
const TCP_BYTES = 300;
const HTTP_BYTES = 1_500;

/** What of a plan this agent does not do; `undefined` where it does all of it. */
export function planExcess({ links }: LinkPlan, bounds: PlanBounds): Words | undefined {
  const isAllowed = addressCheck(bounds.to);
  let perS = 0;
  let bytesPerS = 0;
  for (const { link, probes } of links)
    for (const probe of probes) {
      const host = hostOf(probe);
      if (!(isIP(host) === 0 ? bounds.names.includes(host) : isAllowed(host)))
        return {
          en: `link ${link} is to ${host}, which this agent may not probe; allow it under \`plan.to\` or \`plan.names\` of its driver \`links\``,
          zh: `链路 ${link} 的目标 ${host} 不允许由本代理探测；如需允许，请在其 \`links\` 驱动的 \`plan.to\` 或 \`plan.names\` 中设置`,
        };
      const rate = probe.kind === 'stamp' ? probe.ratePerS : 1_000 / probe.everyMs;
      perS += rate;
      bytesPerS += rate * bytesOf(probe);
    }
  const mbit = (8 * bytesPerS) / 1e6;
  if (perS <= bounds.maxProbesPerS && mbit <= bounds.maxMbitPerS) return undefined;
  const [asked, allowed] = [
    `${Math.round(perS)}/s, ${mbit.toFixed(1)} Mbit/s`,
    `${bounds.maxProbesPerS}/s, ${bounds.maxMbitPerS} Mbit/s`,
  ];
  return {
    en: `it asks for ${asked} of probes, and this agent sends at most ${allowed}; see \`plan\` of its driver \`links\``,
    zh: `计划要求的探测量为 ${asked}，而本代理上限为 ${allowed}；见其 \`links\` 驱动的 \`plan\` 设置`,
  };
}

/** What in `to` is no prefix, for messages about the settings. */
export function prefixProblems({ to = [] }: PlanBounds): string[] {
  return to.filter((prefix) => !parsePrefix(prefix)).map((prefix) => `"${prefix}" is no prefix of addresses`);
}

function hostOf(probe: ProbeSpec): string {
  if (probe.kind !== 'http') return probe.address;
  const { hostname } = new URL(probe.url);
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function bytesOf(probe: ProbeSpec): number {
  if (probe.kind === 'tcp') return TCP_BYTES;
  return probe.kind === 'http' ? HTTP_BYTES : HEADER_BYTES + probe.sizeBytes;
}

function addressCheck(to: PlanBounds['to']): (address: string) => boolean {
  const list = new BlockList();
  for (const prefix of to ?? ['127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10']) {
    const parsed = parsePrefix(prefix);
    if (parsed) list.addSubnet(parsed.address, parsed.bits, parsed.family);
  }
  return (address) => {
    const family = unicastAddress(address)?.family;
    // Also in an IPv6 address that stands for an IPv4 one, which BlockList looks through.
    return family !== undefined && list.check(address, `ipv${family}`) === (to !== undefined);
  };
}

function parsePrefix(
  prefix: string,
): { readonly address: string; readonly bits: number; readonly family: 'ipv4' | 'ipv6' } | undefined {
  const [address, length] = prefix.split('/') as [string, string];
  const [family, bits] = [isIP(address), Number(length)];
  if (family === 0 || bits > (family === 4 ? 32 : 128)) return undefined;
  return { address, bits, family: family === 4 ? 'ipv4' : 'ipv6' };
}
