import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { requestInvalid } from './request-invalid.ts';
import { API_HEADERS } from './security-headers.ts';

const PROBLEMS = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, en: 'it did not arrive in time', zh: '未能及时收到完整请求' },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    en: 'its address and headers are longer than 16 kB; ask for less at once',
    zh: '地址与请求头超过 16 kB；请缩短请求',
  },
} as const;
const NOT_HTTP = {
  status: 400,
  en: 'it is not HTTP, or uses a method that does not exist',
  zh: '不是有效的 HTTP 请求，或使用了不存在的方法',
};

/**
 * Answers what cannot be read as HTTP, which no route, hook or error handler ever sees, like any other wrong request.
 * In English: the language asked for is among what could not be read.
 */
export function answerClientError(thrown: NodeJS.ErrnoException, socket: Socket): void {
  if (thrown.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, ...problem } = PROBLEMS[thrown.code as keyof typeof PROBLEMS] ?? NOT_HTTP;
  const error = requestInvalid('request', problem);
  const body = JSON.stringify({
    code: error.code,
    message: error.text('en'),
    details: error.detailsIn('en'),
  });
  const headers = {
    ...API_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}
