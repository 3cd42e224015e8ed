import type { Words } from '../../core/errors.ts';
import type { SafetyRule } from '../../core/gateway-event.ts';
import type { LineRule, Raised } from './judge.ts';

const amount = (value: number | undefined) =>
  value === undefined ? '?' : String(Math.round(value * 10) / 10);

type Sentence = (value: string, bound: string) => Words;

const LINE_WORDS: Readonly<Record<LineRule, Sentence>> = {
  leak: (value, bound) => ({
    en: `leak: ${value} L/min flow with nothing open (bound ${bound}). Everything is closed until it is acknowledged`,
    zh: `漏水：所有阀门关闭时流量为 ${value} L/min（限值 ${bound}）。全部关闭，直至人工确认`,
  }),
  'no-flow': (value, bound) => ({
    en: `no flow: ${value} L/min with a valve open (at least ${bound}). Check the supply, the filter and the valve`,
    zh: `无流量：阀门打开时流量仅 ${value} L/min（至少 ${bound}）。请检查水源、过滤器和阀门`,
  }),
  'low-flow': (value, bound) => ({
    en: `low flow: ${value} L/min, and what is open should take ${bound}. Check filters and drippers`,
    zh: `流量偏低：${value} L/min，打开的区域应有 ${bound}。请检查过滤器和滴头`,
  }),
  'high-flow': (value, bound) => ({
    en: `high flow: ${value} L/min, and what is open takes at most ${bound}. A pipe may have burst; closed until it is acknowledged`,
    zh: `流量过高：${value} L/min，打开的区域最多 ${bound}。可能爆管；已关闭，直至人工确认`,
  }),
  'low-pressure': (value, bound) => ({
    en: `low pressure: ${value} kPa (at least ${bound}). Check the supply and look for a burst pipe`,
    zh: `压力过低：${value} kPa（至少 ${bound}）。请检查水源，并查找是否爆管`,
  }),
  'dry-pump': () => ({
    en: 'the pump runs and no valve is open',
    zh: '水泵运行，但没有打开的阀门',
  }),
  'meter-silent': () => ({
    en: 'a flow or pressure meter gives no usable value, so leaks and bursts would not be seen',
    zh: '流量计或压力计没有有效数据，无法发现漏水或爆管',
  }),
};

const POINT_WORDS: Readonly<Record<Exclude<SafetyRule, LineRule>, Words>> = {
  'max-run': { en: 'open without a lease for as long as it may be', zh: '无租约打开已达最长时间' },
  'exclusive-lines': {
    en: 'two lines that must not be open at once are open',
    zh: '两条不得同时打开的管线同时打开',
  },
  'unleased-open': {
    en: 'it is open, and no command of this gateway opened it',
    zh: '已打开，但并非由本网关的命令打开',
  },
  'cannot-close': {
    en: 'it does not confirm that it is closed. It is tried again for ever; go and look',
    zh: '未确认已关闭。系统会一直重试；请到现场查看',
  },
};

export const OVER: Words = { en: 'over', zh: '已恢复' };
export const ACKNOWLEDGED: Words = { en: 'acknowledged', zh: '已人工确认' };
export const LAST_VALVE: Words = {
  en: 'the last valve of its line closes, and the pump stops before it',
  zh: '管线上最后一个阀门即将关闭，水泵先停',
};
export const NO_OPEN_VALVE: Words = { en: 'no valve of its line is open', zh: '管线上没有打开的阀门' };
export const NO_READING_YET: Words = {
  en: 'a meter of the line has given no usable value yet',
  zh: '管线上的仪表尚无有效数据',
};

export function otherLine(line: string): Words {
  return { en: `line ${line} is open, and never both are`, zh: `管线 ${line} 已打开，两者不得同时打开` };
}

export function lineWords(line: string, { rule, value, bound }: Omit<Raised, 'closes' | 'atMs'>): Words {
  const { en, zh } = LINE_WORDS[rule](amount(value), amount(bound));
  return { en: `line ${line}: ${en}`, zh: `管线 ${line}：${zh}` };
}

export function pointWords(rule: keyof typeof POINT_WORDS): Words {
  return POINT_WORDS[rule];
}
