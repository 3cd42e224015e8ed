import { SluiceError } from '../errors.ts';
import { formatPath, parsePath } from './path.ts';

/** What a client says of itself when it registers. */
export interface Registered {
  /** Where its objects are: '' or, with an alternate path, `/lwm2m`. */
  readonly root: string;
  /** Content formats of the root link's `ct`; empty where it has none. */
  readonly formats: readonly number[];
  /** Objects and instances without the root, such as `/3/0` and `/3303`. */
  readonly paths: readonly string[];
  /** Versions of objects other than 1.0, by path. */
  readonly versions: ReadonlyMap<string, string>;
}

const MAX_LINKS = 1_000;
/**
 * A target in angle brackets, then attributes, any of them quoted. No two parts of it can take the same blanks: a text
 * that fits nearly would otherwise be tried in the square of its length, which strangers can send 64 KiB of.
 */
const LINK = /\s*<([^<>]*)>((?:\s*;\s*[^\s;,="]+(?:\s*=(?:\s*"[^"]*"|\s*[^\s;,"]+)?)?)*)\s*(?:,|$)/y;
const ATTRIBUTE = /;\s*([^\s;,="]+)(?:\s*=\s*(?:"([^"]*)"|([^\s;,"]*)))?/g;

/**
 * The links of a registration (RFC 6690; LwM2M 1.1, section 6.2.1). Takes every form that clients were seen to send:
 * values with and without quotes, `ct` as one number or a list, objects without instances, blanks. Links that are no
 * LwM2M paths are left out. `knownRoot` counts where no link names one, as in an update. Throws `PAYLOAD_INVALID` where
 * the text is no list of links.
 */
export function parseLinks(bytes: Uint8Array, knownRoot = ''): Registered {
  const text = Buffer.from(bytes).toString('utf8');
  let root = knownRoot;
  let formats: number[] = [];
  const targets: { target: string; version: string | undefined }[] = [];
  LINK.lastIndex = 0;
  const { length } = text.trimEnd();
  for (let end = 0; end < length; end = LINK.lastIndex) {
    const link = LINK.exec(text);
    if (!link || targets.length >= MAX_LINKS) {
      const reason = link ? `more than ${MAX_LINKS} links` : 'not a list of links';
      throw new SluiceError('PAYLOAD_INVALID', { reason, offset: end, length: bytes.length });
    }
    const attributes = attributesOf(link[2] ?? '');
    const target = link[1]!;
    if (attributes.get('rt')?.split(' ').includes('oma.lwm2m')) {
      root = target === '/' ? '' : target.replace(/\/+$/, '');
      formats = (attributes.get('ct') ?? '').split(' ').filter(Boolean).map(Number).filter(Number.isInteger);
    } else {
      targets.push({ target, version: attributes.get('ver') });
    }
  }
  const versions = new Map<string, string>();
  const paths = targets.flatMap(({ target, version }) => {
    const inner = root !== '' && target.startsWith(`${root}/`) ? target.slice(root.length) : target;
    const path = parsePath(inner);
    if (!path || path.length > 2) return [];
    if (version) versions.set(formatPath(path), version);
    return [formatPath(path)];
  });
  return { root, formats, paths: [...new Set(paths)], versions };
}

function attributesOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(ATTRIBUTE)].map((match) => [match[1]!, match[2] ?? match[3] ?? '']));
}
