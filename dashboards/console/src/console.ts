import { type ComponentType, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Identity, Permission } from '../../../core/access.ts';
import type { Words } from '../../../core/errors.ts';
import type { Api } from './api.ts';
import type { Locale } from './i18n/locale.ts';
import type { Place } from './place.ts';
import type { Session } from './session.ts';

/** What every page is given. */
export interface Console {
  readonly api: Api;
  readonly locale: Locale;
  readonly me: Identity;
  /** Where we are: the page and what of it is shown. */
  readonly place: Place;
  /** Somebody else is signed in now, or nobody. */
  readonly setSession: (session: Session | null) => void;
}

export const ConsoleContext = createContext<Console | undefined>(undefined);

export function useConsole(): Console {
  const found = useContext(ConsoleContext);
  if (!found) throw new Error('drawn outside of the console');
  return found;
}

/** A page of the console: its code is loaded when it is first opened, so that the first load stays small. */
export interface Page {
  /** First part of its address: `#/farm`. */
  readonly id: string;
  readonly title: Words;
  /** Who may open it; `read` where nothing is named. */
  readonly may?: Permission;
  /** Reached from elsewhere than the menu. */
  readonly isApart?: boolean;
  load(): Promise<{ readonly default: ComponentType }>;
}
