import type { Words } from '../../core/errors.ts';
import type { Condition, ConditionKind } from './condition.ts';
import type { Cause, CauseKind } from './find-causes.ts';
import type { Topology } from './topology.ts';

/** How many are named before the rest is only counted. */
const MOST_NAMED = 5;

/** One sentence or two: the cause first, then who is silent because of it. */
export function describeCause(cause: Cause, topology: Topology): Words {
  const { en, zh } = HEADS[cause.kind](cause, topology);
  const { silent } = cause;
  if (silent.length === 0) return { en: `${en}.`, zh: `${zh}。` };
  const who = named(silent.map(({ subject }) => subject));
  const verb = silent.length === 1 ? 'gateway is' : 'gateways are';
  return {
    en: `${en}; ${silent.length} ${verb} silent behind it: ${who.en}.`,
    zh: `${zh}；其后有 ${silent.length} 个网关失联：${who.zh}。`,
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
    const since = causing[0]?.words;
    const links = named(blind);
    return blind.length === 0
      ? { en: since?.en ?? '', zh: since?.zh ?? '' }
      : {
          en: `${since?.en}; so there is no evidence of the links that it measures: ${links.en}`,
          zh: `${since?.zh}；因此其测量的链路没有证据：${links.zh}`,
        };
  },
};

const TROUBLE: Record<
  ConditionKind,
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
  silent: { singular: 'is silent', plural: 'are silent', zh: '失联' },
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
