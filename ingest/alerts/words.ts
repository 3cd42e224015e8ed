import type { Words } from '../../core/errors.ts';
import type { Condition, LINK_CONDITIONS } from './condition.ts';
import type { Cause, CauseKind } from './find-causes.ts';
import type { Topology } from './topology.ts';
import { quantityWords } from './wrong-words.ts';

type LinkTrouble = (typeof LINK_CONDITIONS)[number];

/** How many are named before the rest is only counted. */
const MOST_NAMED = 5;

/** One sentence or two: the cause first, then who is silent because of it. */
export function describeCause(cause: Cause, topology: Topology): Words {
  const { en, zh } = HEADS[cause.kind](cause, topology);
  const { silent } = cause;
  const gateways = silent.filter(({ kind }) => kind === 'silent').map(({ subject }) => subject);
  const series = silent.filter(({ kind }) => kind !== 'silent');
  const devices = [...new Set(series.map(({ subject }) => subject))];
  const parts: Words[] = [{ en, zh }];
  if (gateways.length > 0) {
    const who = named(gateways);
    const verb = gateways.length === 1 ? 'gateway is' : 'gateways are';
    parts.push({
      en: `${gateways.length} ${verb} silent behind it: ${who.en}`,
      zh: `其后有 ${gateways.length} 个网关失联：${who.zh}`,
    });
  }
  if (series.length > 0) {
    const who = named(devices);
    parts.push({
      en: `no data of ${counted(series.length, 'series', 'series')} of ${counted(devices.length, 'device', 'devices')}: ${who.en}`,
      zh: `${devices.length} 台设备的 ${series.length} 个序列无数据：${who.zh}`,
    });
  }
  return {
    en: `${parts.map((one) => one.en).join('; ')}.`,
    zh: `${parts.map((one) => one.zh).join('；')}。`,
  };
}

const HEADS: Record<CauseKind, (cause: Cause, topology: Topology) => Words> = {
  link: ({ subject, causing }, topology) => {
    const names = named([...new Set(causing.map((one) => one.subject))].sort());
    const link = topology.links.get(causing[0]?.subject ?? subject);
    const [from, to] = [link?.from ?? '?', link?.to ?? '?'];
    const how = trouble(causing);
    const many = new Set(causing.map((one) => one.subject)).size > 1;
    return many
      ? {
          en: `Links ${names.en} between ${from} and ${to} ${how.plural}`,
          zh: `${from} 与 ${to} 之间的链路 ${names.zh} ${how.zh}`,
        }
      : {
          en: `Link ${names.en} from ${from} to ${to} ${how.singular}`,
          zh: `链路 ${names.zh}（${from} → ${to}）${how.zh}`,
        };
  },
  pop: ({ subject, causing }, topology) => {
    const links = linksDown(causing);
    const ownDown = causing.some((one) => topology.links.get(one.subject)?.from === subject);
    return ownDown
      ? {
          en: `Point ${subject}: all of its links that are known of are down (${links.en})`,
          zh: `节点 ${subject}：已知的全部链路中断（${links.zh}）`,
        }
      : {
          en: `Point ${subject}: all links towards it that are known of are down (${links.en})`,
          zh: `节点 ${subject}：已知的指向它的链路全部中断（${links.zh}）`,
        };
  },
  agent: ({ subject, causing }) => {
    const links = linksDown(causing);
    return {
      en: `The agent at ${subject} gets no answer on any link, while others reach that point: a fault of the probe (${links.en})`,
      zh: `${subject} 的探针在所有链路上均无应答，而其他节点可到达该点：探针故障（${links.zh}）`,
    };
  },
  wide: ({ causing }) => {
    const links = linksDown(causing);
    return {
      en: `Most points have lost all of their links at once (${links.en})`,
      zh: `多数节点同时失去全部链路（${links.zh}）`,
    };
  },
  gateway: ({ subject, causing }, topology) => {
    const pops = new Set(topology.popsOf.get(subject) ?? []);
    const blind = [...pops].flatMap((pop) =>
      (topology.linksOf.get(pop) ?? []).filter(({ from }) => from === pop).map(({ id }) => id),
    );
    const since = causing[0]?.kind === 'no-data' ? quietGateway(subject, causing) : causing[0]?.words;
    const links = named(blind);
    return blind.length === 0
      ? { en: since?.en ?? '', zh: since?.zh ?? '' }
      : {
          en: `${since?.en}; so there is no evidence of the links that it measures: ${links.en}`,
          zh: `${since?.zh}；因此其测量的链路没有证据：${links.zh}`,
        };
  },
  device: ({ subject, causing }) => {
    if (causing.length === 1) return causing[0]!.words;
    const { en, zh } = quantities(causing);
    return {
      en: `Device ${subject} is silent: no ${en} since ${sinceOf(causing)}`,
      zh: `设备 ${subject} 自 ${sinceOf(causing)} 起无数据：${zh}`,
    };
  },
  quantity: ({ causing }) => {
    const [first] = causing;
    if (causing.length === 1 || !first?.judged) return first!.words;
    const devices = new Set(causing.map(({ subject }) => subject)).size;
    return {
      en: `${first.words.en}; ${counted(causing.length, 'series', 'series')} of ${counted(devices, 'device', 'devices')} in all`,
      zh: `${first.words.zh}；共 ${devices} 台设备的 ${causing.length} 个序列异常`,
    };
  },
  delivery: ({ causing }) => causing[0]?.words ?? { en: '', zh: '' },
  own: ({ causing }) => ({
    en: `Sluice itself: ${causing.map(({ words }) => words.en).join('; ')}. Nobody is told to be silent meanwhile`,
    zh: `Sluice 自身：${causing.map(({ words }) => words.zh).join('；')}。在此期间不报告无数据`,
  }),
};

function quietGateway(subject: string, causing: readonly Condition[]): Words {
  const devices = new Set(causing.map((one) => one.subject)).size;
  const since = sinceOf(causing);
  return {
    en: `Gateway ${subject} is connected, but nothing has come of it since ${since} (${counted(devices, 'device', 'devices')})`,
    zh: `网关 ${subject} 已连接，但自 ${since} 起没有任何数据（${devices} 台设备）`,
  };
}

function quantities(causing: readonly Condition[]): Words {
  const all = [...new Set(causing.flatMap(({ judged }) => (judged ? [quantityWords(judged.series)] : [])))];
  const [en, zh] = [[...new Set(all.map((one) => one.en))], [...new Set(all.map((one) => one.zh))]];
  return { en: named(en).en, zh: named(zh).zh };
}

function sinceOf(causing: readonly Condition[]): string {
  return new Date(Math.min(...causing.map(({ sinceMs }) => sinceMs))).toISOString();
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

const TROUBLE: Record<
  LinkTrouble,
  { readonly singular: string; readonly plural: string; readonly zh: string }
> = {
  outage: { singular: 'is down', plural: 'are down', zh: '中断' },
  loss: {
    singular: 'loses more than it may',
    plural: 'lose more than they may',
    zh: '丢包超出目标',
  },
  latency: {
    singular: 'is slower than it may be',
    plural: 'are slower than they may be',
    zh: '时延超出目标',
  },
};

/** The gravest of what is wrong: whatever is down also loses. */
function trouble(causing: readonly Condition[]) {
  for (const kind of ['outage', 'loss'] as const)
    if (causing.some((one) => one.kind === kind)) return TROUBLE[kind];
  return TROUBLE.latency;
}

function linksDown(causing: readonly Condition[]): Words {
  const links = causing.filter(({ kind }) => kind === 'outage').map(({ subject }) => subject);
  return named(links);
}

function named(ids: readonly string[]): Words {
  const first = ids.slice(0, MOST_NAMED);
  const more = ids.length - first.length;
  return {
    en: `${first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    zh: `${first.join('、')}${more > 0 ? ` 等共 ${ids.length} 个` : ''}`,
  };
}
