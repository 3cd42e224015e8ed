import type { FastifyRequest } from 'fastify';
import { isPlain, plainText } from '../../core/plain-text.ts';
import { quoted } from './quoted.ts';
import { requestInvalid } from './request-invalid.ts';

/** A password is what it is, and nobody is shown it. */
const UNSHOWN = new Set(['password', 'newPassword']);

/**
 * Refuses names, reasons and notes with characters that turn a line round or cannot be seen: whatever is set here, others read
 * beside figures. Routes with `anyText` look for themselves.
 */
export function assertPlainBody(request: FastifyRequest): void {
  if (!request.routeOptions.config.anyText) assertPlain(request.body, '');
}

function assertPlain(value: unknown, name: string): void {
  if (typeof value === 'string') {
    if (isPlain(value)) return;
    const shown = quoted(plainText(value));
    throw requestInvalid(name, {
      en: `${shown} has characters that cannot be seen or turn the line round; write it without them`,
      zh: `${shown} 含有不可见或会颠倒文字方向的字符，请去掉后重试`,
    });
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
  for (const [key, one] of Object.entries(value)) {
    if (UNSHOWN.has(key)) continue;
    const inside = name === '' ? key : `${name}.${key}`;
    assertPlain(key, inside);
    assertPlain(one, inside);
  }
}
