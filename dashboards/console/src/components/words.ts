import type { Widened } from '../i18n/en.ts';
import type { WordsOf } from '../i18n/use-words.ts';

const en = {
  close: 'Close',
  cancel: 'Cancel',
  optional: 'optional',
  loading: 'Loading…',
  sending: 'Sending…',
  failed: 'This could not be loaded',
  tryAgain: 'Try again',
  staleSince: (time: string, age: string) =>
    `No connection to Sluice since ${time}. What is shown is from ${age}.`,
  noConnection: 'No connection to Sluice. Your entries are still here; try again in a moment.',
  tooSlow: 'Sluice did not answer in time. Look whether it was done before you try again.',
  sortBy: 'Sort by',
  sortUp: (title: string) => `${title}, smallest first`,
  sortDown: (title: string) => `${title}, largest first`,
  notANumber: 'Write a number, such as 12.5',
  needed: 'Needed',
  units: { s: 'seconds', min: 'minutes', h: 'hours', d: 'days' },
  spans: {
    s: (n: string) => `${n} s`,
    min: (n: string) => `${n} min`,
    h: (n: string) => `${n} h`,
    d: (n: string) => `${n} d`,
  },
  unitOf: (label: string) => `${label}: unit of time`,
  mend: 'Not saved yet:',
};

const zh: Widened<typeof en> = {
  close: '关闭',
  cancel: '取消',
  optional: '选填',
  loading: '正在加载…',
  sending: '正在提交…',
  failed: '加载失败',
  tryAgain: '重试',
  staleSince: (time, age) => `自 ${time} 起与 Sluice 断开连接，当前显示的是${age}的内容。`,
  noConnection: '无法连接 Sluice。已填写的内容仍保留，请稍后重试。',
  tooSlow: 'Sluice 未及时应答。重试前请先确认操作是否已生效。',
  sortBy: '排序',
  sortUp: (title) => `${title}，从小到大`,
  sortDown: (title) => `${title}，从大到小`,
  notANumber: '请填写数字，例如 12.5',
  needed: '必填',
  units: { s: '秒', min: '分钟', h: '小时', d: '天' },
  spans: {
    s: (n) => `${n} 秒`,
    min: (n) => `${n} 分钟`,
    h: (n) => `${n} 小时`,
    d: (n) => `${n} 天`,
  },
  unitOf: (label) => `${label}：时间单位`,
  mend: '尚未保存：',
};

export const PART_WORDS: WordsOf<Widened<typeof en>> = { en, zh };
