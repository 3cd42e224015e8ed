import type { Locator, Page } from 'playwright-core';

/** The words as a person sees them, no-break spaces as spaces. */
export async function seen(part: Locator): Promise<string> {
  return (await part.allInnerTexts()).join().replaceAll('\u00a0', ' ');
}

/** By how many pixels a page is wider than its window. */
export function overflow(page: Page): Promise<unknown> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

export function isFocused(part: Locator): Promise<boolean> {
  return part.evaluate(new Function('one', 'return one === document.activeElement') as () => boolean);
}
