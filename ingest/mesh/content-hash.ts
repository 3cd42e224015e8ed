import { createHash } from 'node:crypto';

/** 16 hexadecimal digits that change with what is in `content`, in its order. */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
}
