import type { Words } from '../../../core/errors.ts';

/** What a neighbour saw over the time of an outage. `unknown`: nothing, or too few probes to see it. */
export type Seen = 'down' | 'up' | 'unknown';

/** A directed link by the ids of the points that it joins. */
export interface Ends {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Where a fault lies, as far as the other links show: `probe`, the agent that measures; `from-end` and `to-end`, what all
 * links of that point share; `link`, what only this link uses; `wide`, both ends and so more than one point; `unknown`.
 */
export const FAULTS = ['probe', 'from-end', 'to-end', 'link', 'wide', 'unknown'] as const;
export type Fault = (typeof FAULTS)[number];

export interface SideCount {
  readonly down: number;
  readonly up: number;
  readonly unknown: number;
}

export interface Attribution {
  readonly fault: Fault;
  /** The same link the other way, where it is measured. */
  readonly reverse: Seen;
  /** Other links from and to the point that the link comes from, and of the point that it goes to. */
  readonly fromSide: { readonly out: SideCount; readonly in: SideCount };
  readonly toSide: { readonly out: SideCount; readonly in: SideCount };
  /** Neighbours that were down too, ids; twenty at most. */
  readonly alsoDown: readonly string[];
  readonly words: Words;
}

/** How many neighbours are named. */
const MOST_NAMED = 20;

interface Side {
  readonly out: SideCount;
  readonly in: SideCount;
  readonly verdict: 'down' | 'up' | 'mixed' | 'unknown';
}

/**
 * Judges by the neighbours of `link`: the links that share an end with it. `uselessShare` is the share of its own probes of
 * that time which were invalid or not sent. An end is at fault where all its other links were down, and is not where most of them
 * were up. Where all links from a point were down and those towards it up, its agent is.
 */
export function attribute(
  link: Ends,
  neighbours: Iterable<Ends>,
  seen: (id: string) => Seen,
  uselessShare: number,
): Attribution {
  const around = [...neighbours].filter(({ id }) => id !== link.id);
  // A link between the same two points, as over IPv6 beside IPv4, says nothing of what else they share.
  const others = around.filter((one) => !isReverse(one, link) && !isParallel(one, link));
  const reverse = worstOf(around.filter((one) => isReverse(one, link)).map(({ id }) => seen(id)));
  const from = sideOf(link.from, 'out', others, seen);
  const to = sideOf(link.to, 'in', others, seen);
  const fault = faultOf(from, to, uselessShare);
  const alsoDown = others.filter(({ id }) => seen(id) === 'down').map(({ id }) => id);
  return {
    ...{ fault, reverse, alsoDown: alsoDown.slice(0, MOST_NAMED) },
    fromSide: { out: from.out, in: from.in },
    toSide: { out: to.out, in: to.in },
    words: wordsOf(link, fault, reverse, { from, to, uselessShare }),
  };
}

function faultOf(from: Side, to: Side, uselessShare: number): Fault {
  if (uselessShare >= 0.5) return 'probe';
  // Its probes go nowhere, while those of others come to it and back: it is how it sends that is broken.
  if (isAllDown(from.out) && isAllUp(from.in)) return 'probe';
  if (from.verdict === 'down' && to.verdict === 'down') return 'wide';
  if (from.verdict === 'down') return 'from-end';
  if (to.verdict === 'down') return 'to-end';
  return from.verdict === 'up' && to.verdict === 'up' ? 'link' : 'unknown';
}

/**
 * A link that starts at a point shares with it how that sends, one that ends there how it answers: so links of the same
 * direction say most, and the others speak only where none of those was seen.
 */
function sideOf(
  point: string,
  direction: 'out' | 'in',
  links: readonly Ends[],
  seen: (id: string) => Seen,
): Side {
  const out = links.filter(({ from }) => from === point);
  const inwards = links.filter(({ to }) => to === point);
  const side = { out: countOf(out, seen), in: countOf(inwards, seen) };
  const [first, second] = direction === 'out' ? [side.out, side.in] : [side.in, side.out];
  const { down, up } = first.down + first.up > 0 ? first : second;
  const verdict = down + up === 0 ? 'unknown' : up === 0 ? 'down' : up > down ? 'up' : 'mixed';
  return { ...side, verdict };
}

function countOf(links: readonly Ends[], seen: (id: string) => Seen): SideCount {
  const counts = { down: 0, up: 0, unknown: 0 };
  for (const { id } of links) counts[seen(id)]++;
  return counts;
}

function isAllDown({ down, up }: SideCount): boolean {
  return down > 0 && up === 0;
}

function isAllUp({ down, up }: SideCount): boolean {
  return up > 0 && down === 0;
}

function isReverse(one: Ends, link: Ends): boolean {
  return one.from === link.to && one.to === link.from;
}

function isParallel(one: Ends, link: Ends): boolean {
  return one.from === link.from && one.to === link.to;
}

function worstOf(seen: readonly Seen[]): Seen {
  return (['down', 'up'] as const).find((one) => seen.includes(one)) ?? 'unknown';
}

function wordsOf(
  link: Ends,
  fault: Fault,
  reverse: Seen,
  { from, to, uselessShare }: { from: Side; to: Side; uselessShare: number },
): Words {
  const [a, b] = [tally(from), tally(to)];
  const percent = `${Math.round(100 * uselessShare)} %`;
  const own = uselessShare >= 0.5;
  const says: Record<Fault, Words> = {
    probe: own
      ? {
          en: `Fault of the probe: ${percent} of its own probes were invalid or not sent.`,
          zh: `探针故障：其自身 ${percent} 的探测无效或未发送。`,
        }
      : {
          en: `Fault of the probe at ${link.from}: all its links were down, and those towards it were up.`,
          zh: `${link.from} 的探针故障：由其发起的链路全部中断，而指向它的链路正常。`,
        },
    'from-end': {
      en: `Fault at the end ${link.from}: ${others(from, 'out', link.from).en}.`,
      zh: `${link.from} 端故障：${others(from, 'out', link.from).zh}。`,
    },
    'to-end': {
      en: `Fault at the end ${link.to}: ${others(to, 'in', link.to).en}.`,
      zh: `${link.to} 端故障：${others(to, 'in', link.to).zh}。`,
    },
    link: {
      en: `Fault of the link: other links of both ends were up.`,
      zh: `链路本身故障：两端的其他链路正常。`,
    },
    wide: {
      en: `Both ends at once: ${others(from, 'out', link.from).en}, and ${others(to, 'in', link.to).en}.`,
      zh: `两端同时故障：${others(from, 'out', link.from).zh}，${others(to, 'in', link.to).zh}。`,
    },
    unknown: {
      en: 'Where the fault lies is not known: too few neighbours saw enough, or they disagree.',
      zh: '故障位置不明：可供比对的相邻链路太少，或结果不一致。',
    },
  };
  const { en, zh } = says[fault];
  return {
    en: `${en} ${REVERSE[reverse].en} Neighbours at ${link.from}: ${a.en}; at ${link.to}: ${b.en}.`,
    zh: `${zh}${REVERSE[reverse].zh}${link.from} 的相邻链路：${a.zh}；${link.to} 的相邻链路：${b.zh}。`,
  };
}

/** The links that the verdict on an end was made by: those of the same direction, where one of them was seen. */
function others(side: Side, direction: 'out' | 'in', point: string): Words {
  const opposite = direction === 'out' ? 'in' : 'out';
  const { down, up } = side[direction];
  const way = down + up > 0 ? direction : opposite;
  return way === 'out'
    ? { en: `the other links from ${point} were down too`, zh: `由 ${point} 发起的其他链路同时中断` }
    : { en: `the other links to ${point} were down too`, zh: `指向 ${point} 的其他链路同时中断` };
}

const REVERSE: Record<Seen, Words> = {
  down: { en: 'The other direction was down too.', zh: '反方向同时中断。' },
  up: { en: 'The other direction was up.', zh: '反方向正常。' },
  unknown: { en: 'Of the other direction nothing is known.', zh: '反方向情况不明。' },
};

function tally({ out, in: inwards }: Side): Words {
  const [from, to] = [shareOf(out), shareOf(inwards)];
  return {
    en: `${from.en} from it and ${to.en} to it down`,
    zh: `由其发起的${from.zh}，指向它的${to.zh}`,
  };
}

function shareOf({ down, up, unknown }: SideCount): Words {
  const known = down + up;
  return {
    en: `${down} of ${known}${unknown > 0 ? ` (${unknown} unknown)` : ''}`,
    zh: ` ${known} 条中 ${down} 条中断${unknown > 0 ? `（${unknown} 条不明）` : ''}`,
  };
}
