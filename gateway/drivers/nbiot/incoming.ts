import { CODES, type CoapMessage } from '../../../core/coap/message.ts';
import { OPTIONS, pathOf, textsOf, uintOf } from '../../../core/coap/option.ts';
import { parseLinks } from '../../../core/lwm2m/link-format.ts';
import type { Registration } from './session.ts';

/** What a node wants of the server. */
export type Incoming =
  | {
      readonly kind: 'register';
      readonly endpoint: string;
      readonly registration: Omit<Registration, 'location' | 'peer'>;
    }
  | {
      readonly kind: 'update';
      readonly location: string;
      readonly lifetimeMs: number | undefined;
      readonly isQueueMode: boolean | undefined;
      readonly paths: readonly string[] | undefined;
    }
  | { readonly kind: 'deregister'; readonly location: string }
  | { readonly kind: 'send'; readonly format: number | undefined }
  /** Plain SenML; the endpoint where path or query name it. */
  | { readonly kind: 'post'; readonly endpoint: string | undefined; readonly format: number | undefined }
  | { readonly kind: 'discover' }
  | { readonly kind: 'refuse'; readonly code: number };

/** Of a registration that names none (LwM2M 1.1, 6.2.1). */
const DEFAULT_LIFETIME_S = 86_400;

/**
 * Reads a request with its whole payload:
 *
 *     POST   /rd?ep=…&lt=…&lwm2m=1.1&b=UQ   register (&Q in 1.1)
 *     POST   /rd/<location>                 update; PUT too, from old clients
 *     DELETE /rd/<location>                 deregister
 *     POST   /dp                            Send (LwM2M 1.1)
 *     POST   /senml, /senml/<endpoint>      SenML without LwM2M; PUT too; ?ep=…
 *     GET    /.well-known/core              what there is here
 *
 * `rootOf` tells the root of a location's registration, which an update need not say again. Throws `PAYLOAD_INVALID`
 * where the list of objects cannot be read.
 */
export function readIncoming(
  message: CoapMessage,
  payload: Uint8Array,
  rootOf: (location: string) => string = () => '',
): Incoming {
  if (message.options.some(({ number }) => number === OPTIONS.proxyUri || number === OPTIONS.proxyScheme)) {
    return { kind: 'refuse', code: CODES.noProxying };
  }
  const [, first = '', second, ...more] = pathOf(message).split('/');
  const isSending = message.code === CODES.post || message.code === CODES.put;
  const format = uintOf(message, OPTIONS.contentFormat);
  const query = queryOf(message);
  if (first === 'rd' && more.length === 0) {
    if (second === undefined) return message.code === CODES.post ? register(query, payload) : wrongMethod();
    if (isSending) return update(second, query, payload, rootOf(second));
    return message.code === CODES.delete ? { kind: 'deregister', location: second } : wrongMethod();
  }
  if (first === 'dp' && second === undefined) return isSending ? { kind: 'send', format } : wrongMethod();
  if (first === 'senml' && more.length === 0) {
    return isSending ? { kind: 'post', endpoint: second ?? query.get('ep'), format } : wrongMethod();
  }
  if (pathOf(message) === '/.well-known/core') {
    return message.code === CODES.get ? { kind: 'discover' } : wrongMethod();
  }
  return { kind: 'refuse', code: CODES.notFound };
}

function register(query: ReadonlyMap<string, string>, payload: Uint8Array): Incoming {
  const endpoint = query.get('ep');
  const version = query.get('lwm2m') ?? '1.0';
  if (!endpoint || lifetimeMs(query) === 'invalid') return { kind: 'refuse', code: CODES.badRequest };
  // Section 6.2.1: a version that the server does not know is 4.12.
  if (!/^1\.\d+$/.test(version)) return { kind: 'refuse', code: CODES.preconditionFailed };
  const { root, paths } = parseLinks(payload);
  const lifetime = lifetimeMs(query);
  return {
    kind: 'register',
    endpoint,
    registration: {
      root,
      paths,
      lifetimeMs: typeof lifetime === 'number' ? lifetime : DEFAULT_LIFETIME_S * 1000,
      isQueueMode: isQueueMode(query) ?? false,
    },
  };
}

function update(
  location: string,
  query: ReadonlyMap<string, string>,
  payload: Uint8Array,
  root: string,
): Incoming {
  const lifetime = lifetimeMs(query);
  if (lifetime === 'invalid') return { kind: 'refuse', code: CODES.badRequest };
  const paths = payload.length > 0 ? parseLinks(payload, root).paths : undefined;
  return { kind: 'update', location, lifetimeMs: lifetime, isQueueMode: isQueueMode(query), paths };
}

function lifetimeMs(query: ReadonlyMap<string, string>): number | 'invalid' | undefined {
  const text = query.get('lt');
  if (text === undefined) return undefined;
  return /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) * 1000 : 'invalid';
}

/** `b=UQ` in 1.0; `Q` by itself in 1.1. `undefined` where neither is named, so an update changes nothing. */
function isQueueMode(query: ReadonlyMap<string, string>): boolean | undefined {
  if (query.has('Q')) return true;
  return query.get('b')?.includes('Q');
}

function queryOf(message: CoapMessage): Map<string, string> {
  return new Map(
    textsOf(message, OPTIONS.uriQuery).map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function wrongMethod(): Incoming {
  return { kind: 'refuse', code: CODES.methodNotAllowed };
}
