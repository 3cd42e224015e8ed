import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { History } from './history.ts';
import type { Locale } from './i18n/locale.ts';
import type { RangeName, TimeSpan } from './ranges.ts';

/** What every part of the page needs to draw itself. */
export interface View {
  readonly locale: Locale;
  readonly history: History;
  readonly range: RangeName;
  /** What all charts show, so that one can be compared with another. */
  readonly shown: TimeSpan;
  /** By the server's clock. */
  readonly nowMs: number;
  /** Answers come, and none of them is late: only then does what was read last say what is now. */
  readonly isLive: boolean;
}

export const ViewContext = createContext<View | undefined>(undefined);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error('drawn outside of a ViewContext');
  return view;
}
