import type { FastifyReply, FastifyRequest } from 'fastify';
import { asSluiceError, SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { languageOf } from './language-of.ts';
import { requestInvalid } from './request-invalid.ts';
import { API_HEADERS } from './security-headers.ts';

/** What is away or crowded is seldom back sooner. */
const RETRY_AFTER_S = 5;

/** Answers with an error of the catalogue as `{ code, message, details }`, in the language the client asks for. */
export function sendError(error: SluiceError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = languageOf(request.headers['accept-language']);
  if (error.http === 503 && error.retryable) reply.header('retry-after', RETRY_AFTER_S);
  // RFC 9110, 15.5.2. A browser shows no window of its own for this scheme.
  if (error.http === 401) reply.header('www-authenticate', 'Bearer');
  return (
    reply
      .code(error.http)
      // The framework's own refusals pass no hook that would set them.
      .headers(API_HEADERS)
      .header('vary', 'accept-language')
      .type('application/json; charset=utf-8')
      .serializer(JSON.stringify)
      .send({ code: error.code, message: error.text(language), details: error.detailsIn(language) })
  );
}

export function errorHandler(log: Log) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const error = refusedByFramework(thrown) ?? asSluiceError(thrown);
    if (error.http >= 500) log.error({ url: request.url, code: error.code, err: thrown }, error.message);
    return sendError(error, request, reply);
  };
}

export function notFoundHandler(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?', 1)[0]!.slice(0, 200);
  return sendError(new SluiceError('NOT_FOUND', { what: `${request.method} ${path}` }), request, reply);
}

const UNREADABLE = {
  FST_ERR_BAD_URL: { en: 'its path does not decode; write % as %25', zh: '路径无法解码；% 请写作 %25' },
};
const UNUSABLE = {
  en: 'its body cannot be used: it is not packed as its content-encoding says, or, where an object is needed, no JSON with content-type application/json',
  zh: '无法处理请求正文：压缩方式与 content-encoding 不符；或接口需要 JSON 对象，而正文不是 content-type 为 application/json 的 JSON',
};

/** Fastify's own refusals (a body too large, a path that does not decode) carry the status a client caused. */
function refusedByFramework(thrown: unknown): SluiceError | undefined {
  if (thrown instanceof SluiceError || !(thrown instanceof Error)) return undefined;
  const { statusCode, code } = thrown as { statusCode?: number; code?: string };
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return undefined;
  return requestInvalid('request', UNREADABLE[code as keyof typeof UNREADABLE] ?? UNUSABLE);
}
