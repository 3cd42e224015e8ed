import { describe, expect, it } from 'vitest';
import type { DeliveryItem } from './delivery.ts';
import { type MessageParts, shortMessage, writeMessage } from './message-words.ts';
import { smsSize } from './sms/encode-submit.ts';
import { gatewayAlert } from './testing/alerts.ts';

const SINCE = Date.UTC(2026, 5, 1, 6, 5);
const EVENT = gatewayAlert('pump', {
  sinceMs: SINCE,
  words: {
    en: 'Soil moisture at farm north: 17.2 %, below 20 %.',
    zh: '农场北区土壤湿度 17.2 %，低于 20 %。',
  },
});

function parts(items: readonly Partial<DeliveryItem>[], more: Partial<MessageParts> = {}): MessageParts {
  const item = { alert: 'pump', what: 'raised', severity: 'critical', timeMs: SINCE } as const;
  return {
    entries: items.map((one) => ({ item: { ...item, ...one }, event: EVENT })),
    ...{ more: 0, language: 'en', zone: 'Asia/Shanghai', link: 'https://farm.example/#/alerts', ...more },
  };
}

describe('a message', () => {
  it('says how bad, where, which value and bound, since when by the own clock, and where to look', () => {
    expect(writeMessage(parts([{}])).text).toBe(
      'CRITICAL: Soil moisture at farm north: 17.2 %, below 20 %. Since 1 Jun 14:05.\nhttps://farm.example/#/alerts',
    );
    expect(writeMessage(parts([{}], { language: 'zh' })).text).toBe(
      '【严重】农场北区土壤湿度 17.2 %，低于 20 %。6/1 14:05起。\nhttps://farm.example/#/alerts',
    );
  });

  it.each([
    [{ what: 'worsened' }, /^Worse now\. CRITICAL/, /^【严重】加重：/],
    [{ what: 'escalated', from: 'Li' }, /^Not acknowledged by Li\. CRITICAL/, /^【严重】Li 未确认：/],
    [{ what: 'cleared' }, /^Over: Soil/, /^【已恢复】农场/],
    [{ endedMs: SINCE + 60_000 }, /^Over: .*Until 1 Jun 14:06\./, /^【已恢复】.*至6\/1 14:06。/],
  ] as const)('says what has happened: %j', (item, en, zh) => {
    expect(writeMessage(parts([item])).text).toMatch(en);
    expect(writeMessage(parts([item], { language: 'zh' })).text).toMatch(zh);
  });

  it('shows times within the words by the clock of whoever reads', () => {
    const words = {
      en: 'Gateway g is silent since 2026-06-01T06:05:09.123Z.',
      zh: '网关 g 自 2026-06-01T06:05:09Z 起失联。',
    };
    const [entry] = parts([{}]).entries;
    const entries = [{ ...entry!, event: { ...EVENT, words } }];
    expect(writeMessage(parts([], { entries })).lines).toEqual([
      'CRITICAL: Gateway g is silent since 1 Jun 14:05.',
    ]);
    expect(writeMessage(parts([], { entries, language: 'zh' })).lines).toEqual([
      '【严重】网关 g 自 6/1 14:05 起失联。',
    ]);
  });

  it('of several says how many first, and of very many only that there are more', () => {
    const lines = writeMessage(parts(Array(30).fill({}), { more: 5 })).lines;
    expect(lines[0]).toBe('30 alerts open, 0 over already and 5 more');
    expect(lines.at(-1)).toBe('and 15 more');
    expect(lines).toHaveLength(22);
  });
});

describe('a short message', () => {
  it('is cut before its link, never in it, and fits two SMS in either language', () => {
    for (const language of ['en', 'zh'] as const) {
      const words = { en: 'word '.repeat(100), zh: '水'.repeat(300) };
      const [entry] = parts([{}]).entries;
      const text = shortMessage(
        parts([], { language, entries: [{ ...entry!, event: { ...EVENT, words } }] }),
        1,
        smsSize,
      );
      expect(smsSize(text)).toBeLessThanOrEqual(1);
      expect(smsSize(text)).toBeGreaterThan(0.95);
      expect(text).toMatch(/\.\.\.\nhttps:\/\/farm\.example\/#\/alerts$/);
    }
  });
});
