import { asSluiceError, reasonOf, SluiceError, type Words } from '../../../core/errors.ts';

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

/** Turns what SQLite threw into an error that says what to do about it. */
export function engineError(file: string, thrown: unknown): SluiceError {
  const code = sqliteCode(thrown);
  if (code === undefined) return asSluiceError(thrown);
  const reason = reasonOf(thrown);
  if (code === CORRUPT || code === NOT_A_DATABASE) {
    return new SluiceError('STORE_CORRUPT', { file, reason }, thrown);
  }
  const details = { store: 'embedded', reason, mend: mendFor(code, file) };
  return new SluiceError('STORE_UNAVAILABLE', details, thrown);
}

function mendFor(code: number, file: string): Words {
  if (code === FULL) {
    return {
      en: `Free some space for ${file}; writing then goes on by itself.`,
      zh: `请为 ${file} 释放磁盘空间；之后会自动恢复写入。`,
    };
  }
  if (code === BUSY || code === LOCKED) {
    return {
      en: `Close the other program that has ${file} open; writing then goes on by itself.`,
      zh: `请关闭占用 ${file} 的其他程序；之后会自动恢复写入。`,
    };
  }
  return {
    en: `Check the disk, and that this user may write ${file}; writing then goes on by itself.`,
    zh: `请检查磁盘，并确认本用户对 ${file} 有写权限；之后会自动恢复写入。`,
  };
}

function sqliteCode(thrown: unknown): number | undefined {
  const code = (thrown as { errcode?: unknown } | null)?.errcode;
  // The low byte is the primary code; the rest says more exactly where.
  return typeof code === 'number' ? code & 0xff : undefined;
}
