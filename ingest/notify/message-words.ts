import type { Contact } from '../../core/alerts/contact.ts';
import type { AlertEvent } from '../alerts/alert-event.ts';
import type { AlertSeverity, DeliveryItem } from './delivery.ts';
import { knownZone } from './is-quiet.ts';

/**
 * What is said of one alert, and the alert as it is now, where it is kept still. What is over when it is sent is said to be over,
 * however long ago it was planned.
 */
export interface Entry {
  readonly item: DeliveryItem;
  readonly event: AlertEvent | undefined;
}

export interface MessageParts {
  readonly entries: readonly Entry[];
  /** More that are not among them. */
  readonly more: number;
  readonly language: Contact['language'];
  /** IANA time zone of the times. */
  readonly zone: string;
  readonly link: string | undefined;
}

export interface Message {
  readonly subject: string;
  /** One sentence or two of each, without the link. */
  readonly lines: readonly string[];
  /** All of it. */
  readonly text: string;
}

/** A digest names so many; the rest is counted. */
const MOST_LINES = 20;

const SEVERITY: Record<Contact['language'], Record<AlertSeverity, string>> = {
  en: { critical: 'CRITICAL', warning: 'Warning', info: 'Note' },
  zh: { critical: '严重', warning: '警告', info: '提示' },
};

/** What somebody reads on a phone: what and where first, then since when, then where to look. */
export function writeMessage({ entries, more, language, zone, link }: MessageParts): Message {
  const lines = entries.slice(0, MOST_LINES).map((entry) => LINE[language](entry, zone));
  const left = entries.length - lines.length + more;
  if (left > 0) lines.push(language === 'en' ? `and ${left} more` : `另有 ${left} 条`);
  const count = entries.length + more;
  const subject = count === 1 ? shortened(lines[0] ?? '', 120) : digestHead(entries, more, language);
  const all = count === 1 ? lines : [subject, ...lines];
  return { subject: `Sluice: ${subject}`, lines: all, text: [...all, ...(link ? [link] : [])].join('\n') };
}

/** The head and as many lines as fit, whole first, then the link; at most `most` characters of `sizeOf`. */
export function shortMessage(parts: MessageParts, most: number, sizeOf: (text: string) => number): string {
  const end = parts.link ? `\n${parts.link}` : '';
  const [first = '', ...rest] = writeMessage(parts).lines;
  let text = first;
  for (const line of rest) {
    if (sizeOf(`${text}\n${line}${end}`) > most) break;
    text = `${text}\n${line}`;
  }
  while (sizeOf(text + end) > most && text.length > 1)
    text = shortened(text, Array.from(text).length - 1, '...');
  return text + end;
}

const LINE: Record<Contact['language'], (entry: Entry, zone: string) => string> = {
  en({ item, event }, zone) {
    if (item.what === 'test') return 'This is a test: alerts reach you by this way.';
    const { words, hasTime } = wordsOf(event?.words.en ?? 'An alert that is kept no more.', zone, 'en');
    const since = event && !hasTime ? `Since ${at(event.sinceMs, zone, 'en')}` : '';
    const endedMs = item.endedMs ?? event?.clearedMs;
    if (endedMs !== undefined || item.what === 'cleared')
      return joined([
        `Over: ${words}`,
        since,
        endedMs === undefined ? '' : `Until ${at(endedMs, zone, 'en')}`,
      ]);
    const head = SEVERITY.en[item.severity];
    const how = {
      ...{ raised: '', changed: '', cleared: '', test: '', worsened: 'Worse now. ' },
      escalated: `Not acknowledged by ${item.from ?? '?'}. `,
    }[item.what];
    return joined([`${how}${head}: ${words}`, since]);
  },
  zh({ item, event }, zone) {
    if (item.what === 'test') return '这是一条测试消息：告警可通过此方式送达。';
    const { words, hasTime } = wordsOf(event?.words.zh ?? '该告警已不再保存。', zone, 'zh');
    const since = event && !hasTime ? `${at(event.sinceMs, zone, 'zh')}起。` : '';
    const endedMs = item.endedMs ?? event?.clearedMs;
    if (endedMs !== undefined || item.what === 'cleared')
      return `【已恢复】${words}${since}${endedMs === undefined ? '' : `至${at(endedMs, zone, 'zh')}。`}`;
    const how = {
      ...{ raised: '', changed: '', cleared: '', test: '', worsened: '加重：' },
      escalated: `${item.from ?? '?'} 未确认：`,
    }[item.what];
    return `【${SEVERITY.zh[item.severity]}】${how}${words}${since}`;
  },
};

const ISO_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z/g;

/** An alert is described once, for everybody; its times are shown as the clock of whoever reads shows them. */
function wordsOf(text: string, zone: string, language: Contact['language']) {
  const words = text.replace(ISO_TIME, (time) => at(Date.parse(time), zone, language));
  return { words, hasTime: words !== text };
}

function joined([first = '', ...rest]: readonly string[]): string {
  return [first, ...rest.filter((one) => one !== '').map((one) => `${one}.`)].join(' ');
}

function digestHead(entries: readonly Entry[], more: number, language: Contact['language']): string {
  const isOver = ({ item, event }: Entry) =>
    item.what === 'cleared' || (item.endedMs ?? event?.clearedMs) !== undefined;
  const over = entries.filter(isOver).length;
  const open = entries.length - over;
  const beyond = { en: more > 0 ? ` and ${more} more` : '', zh: more > 0 ? `，另有 ${more} 条` : '' };
  return language === 'en'
    ? `${open} alerts open, ${over} over already${beyond.en}`
    : `${open} 条告警未恢复，${over} 条已恢复${beyond.zh}`;
}

function at(timeMs: number, zone: string, language: Contact['language']): string {
  const format = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'zh-CN', {
    ...{ timeZone: knownZone(zone), month: language === 'en' ? 'short' : 'numeric', day: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  return format.format(timeMs).replace(',', '');
}

/** By characters as people count them, so that none is cut in two. */
function shortened(text: string, most: number, end = '…'): string {
  const characters = Array.from(text.endsWith(end) ? text.slice(0, -end.length) : text);
  const isWhole = characters.length <= most && !text.endsWith(end);
  return isWhole ? text : `${characters.slice(0, Math.max(0, most - end.length)).join('')}${end}`;
}
