import type { Identity } from '../../../core/access.ts';
import type { Api } from './api.ts';

/** The answer of `/api/v1/session`: who is signed in. */
export interface Session extends Identity {
  /** Somebody else has set the password. */
  readonly isPasswordGiven: boolean;
}

export const SESSION_PATH = '/api/v1/session';

/** Null where nobody is signed in; throws where that cannot be known. */
export async function askSession(api: Api): Promise<Session | null> {
  return (await api.get<Session | undefined>(`${SESSION_PATH}?ifAny=true`)) ?? null;
}
