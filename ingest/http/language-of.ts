import type { Language } from '../../core/errors.ts';

/** The language a client asks for by Accept-Language (RFC 9110, 12.5.4); English where it asks for neither of ours. */
export function languageOf(acceptLanguage: string | undefined): Language {
  let best: { language: Language; weight: number } = { language: 'en', weight: 0 };
  for (const range of (acceptLanguage ?? '').split(',')) {
    const [tag = '', ...parameters] = range
      .toLowerCase()
      .split(';')
      .map((part) => part.trim());
    const language = tag.split('-')[0];
    if (language !== 'en' && language !== 'zh') continue;
    const q = parameters.find((one) => one.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (weight > best.weight) best = { language, weight };
  }
  return best.language;
}
