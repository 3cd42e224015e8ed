import { Readable } from 'node:stream';
import type { Clock } from '../../../core/clock.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { LinkClass } from '../../../core/links/measures.ts';
import type { Link, Mesh } from '../../../core/links/mesh.ts';
import { requestInvalid } from '../../http/request-invalid.ts';
import type { Store } from '../../stores/store.ts';
import { isOwn } from '../evidence/evidence-series.ts';
import { readRecords } from '../evidence/read-records.ts';
import { makeStatement, type StatementSources } from './make-statement.ts';
import { monthBounds } from './month-bounds.ts';
import { type SigningKey, signingKey } from './signing-key.ts';

/** A month of one link at records of a minute is 1 MB and a second of work. */
const MOST_STATED_LINKS = 100;
/** Whoever asks twice while one is made waits for nothing better. */
const MOST_AT_ONCE = 2;

export interface StatementWish {
  /** `2026-10` */
  readonly month: string;
  readonly zone: string;
  /** Ids; with neither these nor classes, all. */
  readonly links?: readonly string[];
  readonly classes?: readonly LinkClass[];
}

export interface StatementDeskParts {
  readonly store: Pick<Store, 'scan'>;
  readonly mesh: () => Mesh;
  readonly exclusions: StatementSources['exclusions'];
  readonly clock: Clock;
  /** Where the signing key is, or will be. */
  readonly folder: string;
  readonly hostId: string;
  readonly program: string;
}

/** Makes statements and signs them. */
export class StatementDesk {
  readonly #parts: StatementDeskParts;
  #underWay = 0;
  #key: SigningKey | undefined;

  constructor(parts: StatementDeskParts) {
    this.#parts = parts;
  }

  /** The public half. Made with the other at first use. Throws `STATEMENT_KEY_UNUSABLE`. */
  key(): Pick<SigningKey, 'publicKey' | 'fingerprint'> {
    const { publicKey, fingerprint } = this.#signingKey();
    return { publicKey, fingerprint };
  }

  /**
   * The file, as a stream that is made as it is read; one that fails on the way ends without its end. Throws `REQUEST_INVALID`, `NOT_FOUND`,
   * `STATEMENTS_BUSY`, `STATEMENT_KEY_UNUSABLE`.
   */
  open(wish: StatementWish): Readable {
    const { clock, hostId: host, program, exclusions } = this.#parts;
    const bounds = boundsOf(wish);
    const madeAtMs = clock.nowMs();
    if (bounds.fromMs >= madeAtMs)
      throw requestInvalid('month', { en: 'has not begun yet', zh: '该月尚未开始' });
    const links = this.#linksOf(wish);
    const key = this.#signingKey();
    if (this.#underWay >= MOST_AT_ONCE) throw new SluiceError('STATEMENTS_BUSY', { limit: MOST_AT_ONCE });
    const records = this.#records.bind(this);
    const pieces = makeStatement({ bounds, links, madeAtMs, host, program }, { key, exclusions, records });
    this.#underWay++;
    const stream = Readable.from(pieces, { objectMode: false });
    stream.once('close', () => this.#underWay--);
    return stream;
  }

  async *#records(
    ...[link, kind, range, refused]: Parameters<StatementSources['records']>
  ): ReturnType<StatementSources['records']> & AsyncGenerator {
    const filter = { ...range, links: [link.id], kinds: [kind] };
    const found = readRecords(this.#parts.store, filter, ({ series }) => {
      if (isOwn(series, link)) refused();
    });
    for await (const { series, key, record } of found) if (isOwn(series, link)) yield { series: key, record };
  }

  #linksOf({ links, classes }: StatementWish): Link[] {
    const known = this.#parts.mesh().links;
    for (const id of links ?? []) {
      if (!known.has(id))
        throw new SluiceError('NOT_FOUND', { what: { en: `link ${id}`, zh: `链路 ${id}` } });
    }
    const wanted = [...known.values()].filter(
      (link) => (!links || links.includes(link.id)) && (!classes || classes.includes(link.class)),
    );
    if (wanted.length === 0)
      throw new SluiceError('NOT_FOUND', { what: { en: 'link of that kind', zh: '符合条件的链路' } });
    if (wanted.length > MOST_STATED_LINKS)
      throw requestInvalid('link', {
        en: `would be ${wanted.length} links, and one statement holds ${MOST_STATED_LINKS} at most: name them with link=…, or one class with class=…`,
        zh: `共 ${wanted.length} 条链路，而一份结算单最多 ${MOST_STATED_LINKS} 条：请用 link=… 或 class=… 指定`,
      });
    return wanted;
  }

  #signingKey(): SigningKey {
    this.#key ??= signingKey(this.#parts.folder);
    return this.#key;
  }
}

function boundsOf({ month, zone }: StatementWish) {
  if (!monthBounds('2026-01', zone))
    throw requestInvalid('timeZone', {
      en: 'is no time zone that is known here: use its IANA name, such as Asia/Shanghai or UTC',
      zh: '不是已知时区：请使用 IANA 名称，例如 Asia/Shanghai 或 UTC',
    });
  const bounds = monthBounds(month, zone);
  if (!bounds)
    throw requestInvalid('month', { en: 'is no month, such as 2026-10', zh: '不是有效月份，例如 2026-10' });
  return bounds;
}
