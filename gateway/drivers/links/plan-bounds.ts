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
          'Prefixes that may be probed, such as 192.0.2.0/24. Without it: every address. Those of this machine and of its own cable (loopback and link-local) only by a prefix of them alone: 0.0.0.0/0 opens none of them',
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

/** Loopback and link-local: what listens there trusts whoever reaches it, such as a broker without passwords. */
const CLOSED = ['127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10'].map(
  (prefix) => parsePrefix(prefix)!,
);

/** What of a plan this agent does not do; `undefined` where it does all of it. */
export function planExcess({ links, reflectTo }: LinkPlan, bounds: PlanBounds): Words | undefined {
  const isAllowed = addressCheck(bounds.to);
  // A prefix would have this agent's reflector answer everybody.
  const crowd = reflectTo.find((one) => !unicastAddress(one));
  if (crowd !== undefined)
    return {
      en: `its reflector is to answer ${JSON.stringify(crowd)}, which is no address of one host`,
      zh: `反射器被要求应答 ${JSON.stringify(crowd)}，而它不是单台主机的地址`,
    };
  let perS = 0;
  let bytesPerS = 0;
  for (const { link, probes } of links)
    for (const probe of probes) {
      const host = hostOf(probe);
      if (host === undefined) return noUrl(link);
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

function noUrl(link: string): Words {
  return { en: `the URL of link ${link} is none`, zh: `链路 ${link} 的 URL 无效` };
}

/** As whoever connects to it reads it: for a URL, 127.1 and 0x7f.1 are 127.0.0.1. `undefined` where it is no URL. */
function hostOf(probe: ProbeSpec): string | undefined {
  if (probe.kind !== 'http') return probe.address;
  if (!URL.canParse(probe.url)) return undefined;
  const { hostname } = new URL(probe.url);
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function bytesOf(probe: ProbeSpec): number {
  if (probe.kind === 'tcp') return TCP_BYTES;
  return probe.kind === 'http' ? HTTP_BYTES : HEADER_BYTES + probe.sizeBytes;
}

/** Each family by itself: BlockList takes 192.0.2.1 for an address of ::/0. */
function addressCheck(to: PlanBounds['to']): (address: string) => boolean {
  const open = { 4: new BlockList(), 6: new BlockList() };
  const closed = { 4: new BlockList(), 6: new BlockList() };
  const within = { 4: new BlockList(), 6: new BlockList() };
  const add = (lists: typeof open, { address, bits, family }: Prefix) =>
    lists[family].addSubnet(address, bits, `ipv${family}`);
  for (const prefix of CLOSED) add(closed, prefix);
  for (const text of to ?? ['0.0.0.0/0', '::/0']) {
    const prefix = parsePrefix(text);
    if (!prefix) continue;
    add(open, prefix);
    if (CLOSED.some((one) => isWithin(prefix, one))) add(within, prefix);
  }
  return (address) => {
    const family = unicastAddress(address)?.family;
    if (family === undefined) return false;
    const is = (lists: typeof open) => lists[family].check(address, `ipv${family}`);
    return is(closed) ? is(within) : is(open);
  };
}

interface Prefix {
  readonly address: string;
  readonly bits: number;
  readonly family: 4 | 6;
}

function isWithin(inner: Prefix, outer: Prefix): boolean {
  if (inner.family !== outer.family || inner.bits < outer.bits) return false;
  const list = new BlockList();
  list.addSubnet(outer.address, outer.bits, `ipv${outer.family}`);
  return list.check(inner.address, `ipv${inner.family}`);
}

function parsePrefix(prefix: string): Prefix | undefined {
  const [address, length] = prefix.split('/') as [string, string];
  const [family, bits] = [isIP(address), Number(length)];
  if (family === 0 || bits > (family === 4 ? 32 : 128)) return undefined;
  return { address, bits, family: family === 4 ? 4 : 6 };
}
