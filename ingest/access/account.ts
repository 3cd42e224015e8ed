import type { Role, Scope, TokenRole } from '../../core/access.ts';
import { SluiceError, type Words } from '../../core/errors.ts';

/** Letters of any script: people are called 王芳. */
export const NAME_PATTERN = '^[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}._@-]{0,63}$';

/** What is signed by the program itself, or by whoever where sign-in is off. */
const RESERVED = new Set(['sluice', 'open', 'api']);

export interface AccountWish extends Scope {
  readonly role: Role;
  /** Of what is sent to them; the console remembers its own. */
  readonly language?: 'en' | 'zh';
  readonly disabled?: boolean;
}

export interface Account extends AccountWish {
  readonly name: string;
  readonly disabled: boolean;
  readonly createdMs: number;
  /** When the password was set last. */
  readonly passwordMs: number;
  /** Whether somebody else set it: it should be changed. */
  readonly isGiven: boolean;
  readonly version: number;
}

export interface TokenWish extends Scope {
  readonly name: string;
  readonly role: TokenRole;
  readonly expiresMs?: number;
}

export interface Token extends TokenWish {
  readonly id: string;
  readonly createdMs: number;
  readonly createdBy: string;
  /** To within some minutes; absent where it was never used. */
  readonly usedMs?: number;
}

/** The one spelling of a name. Throws `REQUEST_INVALID`. */
export function nameOf(text: string): string {
  const name = text.normalize('NFC');
  if (new RegExp(NAME_PATTERN, 'u').test(name) && !RESERVED.has(foldedName(name))) return name;
  throw invalid('name', {
    en: 'must be 1 to 64 letters or digits of any script, or . _ @ - after the first, and none of: sluice, open, api',
    zh: '必须为 1 至 64 个任意文字的字母或数字，首字符之后还可使用 . _ @ -，且不能是 sluice、open、api',
  });
}

/** Names that differ by this in nothing are one name: nobody shall pass for somebody else. */
export function foldedName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** An administrator who sees a part could give himself the rest: there are none. Throws `REQUEST_INVALID`. */
export function assertScope({ role, sites, links }: Scope & { readonly role: TokenRole }): void {
  if (role !== 'administrator' || (sites === 'all' && links === 'all')) return;
  throw invalid(sites === 'all' ? 'links' : 'sites', {
    en: 'an administrator sees all sites and links: give "all", or another role',
    zh: '管理员可见全部站点和链路：请设为 "all"，或改用其他角色',
  });
}

export function invalid(field: string, problem: Words): SluiceError {
  return new SluiceError('REQUEST_INVALID', { field, problem });
}
