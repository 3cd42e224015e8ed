import type { Delivery } from '../../../../../core/completeness.ts';
import type { Locale } from '../../i18n/locale.ts';
import type { DevicesWords } from './words.ts';

/** Never rounded up to a whole: 99.999 % is not everything. */
export function shareText({ ledger, share }: Delivery, locale: Locale, words: DevicesWords): string {
  if (ledger === 'none' || share === null) return words.unknown;
  if (share === 1) return '100\u00a0%';
  return `${locale.number(Math.floor(share * 10_000) / 100, 2)}\u00a0%`;
}
