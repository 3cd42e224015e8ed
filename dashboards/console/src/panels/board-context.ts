import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from '../api.ts';
import type { Locale } from '../i18n/locale.ts';
import type { TimeSpan } from '../ranges.ts';
import type { Variables } from './interpolate.ts';
import type { Source } from './source.ts';
import type { PanelWords } from './words.ts';

/** What every panel of a dashboard is given. */
export interface Board {
  readonly api: Api;
  readonly locale: Locale;
  readonly words: PanelWords;
  readonly source: Source;
  readonly span: TimeSpan;
  readonly variables: Variables;
  /** Grows with each refresh. */
  readonly turn: number;
  readonly nowMs: number;
  /** Panels whose last question failed because nothing was heard; they keep what they show. */
  onSilence(key: string, isSilent: boolean): void;
  onZoom(span: TimeSpan): void;
  onWiden(): void;
  /** Where a link of a dashboard leads here; undefined where it leads to nothing of ours. */
  hrefOf(url: string): string | undefined;
}

export const BoardContext = createContext<Board | undefined>(undefined);

export function useBoard(): Board {
  const found = useContext(BoardContext);
  if (!found) throw new Error('drawn outside of a dashboard');
  return found;
}
