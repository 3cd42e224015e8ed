import type { Widened } from '../../i18n/en.ts';
import type { WordsOf } from '../../i18n/use-words.ts';

const en = {
  trail: 'Who changed what',
  check: 'Check of the chain',
  whole: (entries: string) => `Whole: all ${entries} entries are as they were written.`,
  broken: (n: string) =>
    `Not whole: entry ${n} is missing or is not what was written. Keep the data folder as it is, and see docs/access.md.`,
  head: (n: string) => `Head (entry ${n})`,
  headText: 'Write it down elsewhere: with it, nobody can cut the trail off unseen.',
  checkAgain: 'Check again',
  who: 'Who',
  action: 'Action',
  actionHint: 'Such as command.submitted, or command for all that was done with commands',
  subject: 'What',
  find: 'Find',
  time: 'Time',
  why: 'Why',
  details: 'Details',
  before: 'before',
  after: 'after',
  older: 'Older',
  newest: 'Newest',
  empty: 'No entry fits',
  emptyText: 'Leave a field empty to find more.',
};

const zh: Widened<typeof en> = {
  trail: '操作记录',
  check: '链条校验',
  whole: (entries) => `完整：全部 ${entries} 条均与写入时一致。`,
  broken: (n) => `不完整：第 ${n} 条缺失或被改动。请保持数据目录原样，并参阅 docs/access.zh-CN.md。`,
  head: (n) => `链首（第 ${n} 条）`,
  headText: '请另行保存：有了它，任何人都无法悄悄截断记录。',
  checkAgain: '重新校验',
  who: '操作者',
  action: '操作',
  actionHint: '例如 command.submitted；填写 command 则包含所有命令操作',
  subject: '对象',
  find: '查找',
  time: '时间',
  why: '原因',
  details: '详情',
  before: '之前',
  after: '之后',
  older: '更早',
  newest: '最新',
  empty: '没有符合条件的记录',
  emptyText: '清空筛选条件可查看更多。',
};

export const WORDS: WordsOf<Widened<typeof en>> = { en, zh };
