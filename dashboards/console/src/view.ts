import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { History } from './history.ts';
import type { Locale } from './i18n/locale.ts';
import type { RangeName } from './ranges.ts';

/** What every part of the page needs to draw itself. */
export interface View {
  readonly locale: Locale;
  readonly history: History;
  readonly range: RangeName;
  /** By the server's clock. */
  readonly nowMs: number;
}

export const ViewContext = createContext<View | undefined>(undefined);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error('drawn outside of a ViewContext');
  return view;
}
