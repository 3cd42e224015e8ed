import type { Role, Scope, TokenRole } from '../../../../../core/access.ts';

/** As `/api/v1/accounts` and `/api/v1/tokens` answer. */
export interface Account extends Scope {
  readonly name: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly isPasswordGiven: boolean;
  readonly language?: 'en' | 'zh';
  readonly version: number;
  /** Only in the answer that it was made by. */
  readonly password?: string;
}

export interface Token extends Scope {
  readonly id: string;
  readonly name: string;
  readonly role: TokenRole;
  readonly createdBy: string;
  readonly expiresMs?: number;
  readonly usedMs?: number;
}

export const ACCOUNTS_PATH = '/api/v1/accounts';
export const TOKENS_PATH = '/api/v1/tokens';
