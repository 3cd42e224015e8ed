import { randomUUID } from 'node:crypto';
import { type Identity, seesAll, seesLink, seesSite } from '../../core/access.ts';
import type { Contact, ContactWish } from '../../core/alerts/contact.ts';
import {
  MOST_SILENCE_MS,
  type Silence,
  type SilenceMatcher,
  type SilenceWish,
} from '../../core/alerts/silence.ts';
import type { Clock } from '../../core/clock.ts';
import { SluiceError, type Words } from '../../core/errors.ts';
import type { Audit } from '../access/audit.ts';
import type { PlannedTelling } from '../alerts/alert-desk.ts';
import { assertVersion } from '../assert-version.ts';
import { isTimeZone } from './is-quiet.ts';
import type { NotifyFile } from './notify-file.ts';
import { silenceEndMs } from './silenced-by.ts';

const MOST_CONTACTS = 500;
const MOST_SILENCES = 1_000;

interface ContactBookParts {
  readonly clock: Clock;
  readonly audit: Audit;
  /** Throws `LEDGER_UNAVAILABLE` where it is not open. */
  readonly file: () => NotifyFile;
  /** What becomes of messages that wait for a contact that has changed: kept with it. */
  readonly moving: (before: Contact, after: Contact) => PlannedTelling | undefined;
  /** Something has changed, and is on the disk. */
  readonly changed: () => void;
}

/**
 * Who is told of alerts, and what nobody is told of for a while. Each change is in the audit trail before it is made. Whatever
 * changes or looks may throw `LEDGER_UNAVAILABLE`.
 */
export class ContactBook {
  readonly #parts: ContactBookParts;

  constructor(parts: ContactBookParts) {
    this.#parts = parts;
  }

  contacts(): Contact[] {
    return this.#parts.file().contacts();
  }

  /** Throws `NOT_FOUND`. */
  contact(id: string): Contact {
    const contact = this.contacts().find((one) => one.id === id);
    if (contact) return contact;
    throw new SluiceError('NOT_FOUND', { what: { en: `contact ${id}`, zh: `联系人 ${id}` } });
  }

  /** Throws `REQUEST_INVALID` or `CONTACTS_FULL`. */
  addContact(wish: ContactWish, who: string): Contact {
    const all = this.contacts();
    if (all.length >= MOST_CONTACTS)
      throw new SluiceError('CONTACTS_FULL', {
        most: MOST_CONTACTS,
        what: { en: 'contacts', zh: '联系人' },
      });
    const id = randomUUID();
    this.#check(id, wish, all);
    return this.#put({ ...wish, id, version: 1, setBy: who, setMs: this.#parts.clock.nowMs() }, who);
  }

  /** Throws `NOT_FOUND`, `VERSION_STALE` or `REQUEST_INVALID`. */
  changeContact(id: string, wish: ContactWish, version: number, who: string): Contact {
    const before = this.contact(id);
    assertVersion(before, version, { en: `contact ${before.name}`, zh: `联系人 ${before.name} ` });
    this.#check(id, wish, this.contacts());
    const setMs = this.#parts.clock.nowMs();
    return this.#put({ ...wish, id, version: version + 1, setBy: who, setMs }, who, before);
  }

  /** Throws `NOT_FOUND`, or `REQUEST_INVALID` where another contact escalates to it. */
  dropContact(id: string, who: string): Contact {
    const before = this.contact(id);
    const other = this.contacts().find((one) => one.escalateTo === id);
    if (other)
      throw invalid('id', {
        en: `contact ${other.name} escalates to it: change that first`,
        zh: `联系人 ${other.name} 会升级通知到它：请先修改`,
      });
    this.#parts.audit.record({ who, action: 'contact.removed', subject: id, before });
    this.#parts.file().dropContact(id);
    this.#parts.changed();
    return before;
  }

  silences(): Silence[] {
    return this.#parts.file().silences();
  }

  /** Throws `REQUEST_INVALID`, `NOT_PERMITTED` or `CONTACTS_FULL`. */
  addSilence(wish: SilenceWish, by: Identity, seesKey: (key: string) => boolean): Silence {
    const { clock, audit, file, changed } = this.#parts;
    const nowMs = clock.nowMs();
    if (wish.untilMs <= nowMs || wish.untilMs > nowMs + MOST_SILENCE_MS)
      throw invalid('untilMs', {
        en: 'must be ahead, and at most 30 days',
        zh: '必须晚于当前时间，且不超过 30 天',
      });
    const { site } = wish.matcher;
    if (!sees(by, wish.matcher, seesKey))
      throw new SluiceError('NOT_PERMITTED', { name: by.name, role: by.role, wanted: 'silence' });
    if (this.silences().filter((one) => silenceEndMs(one) > nowMs).length >= MOST_SILENCES)
      throw new SluiceError('CONTACTS_FULL', { most: MOST_SILENCES, what: { en: 'silences', zh: '静默' } });
    const silence: Silence = { ...wish, id: randomUUID(), who: by.name, fromMs: nowMs };
    audit.record({
      ...{ who: by.name, action: 'silence.set', subject: silence.id, after: silence, why: wish.reason },
      ...(site === undefined ? {} : { site }),
    });
    file().putSilence(silence);
    changed();
    return silence;
  }

  /** The end of one before its time; once it has ended nothing changes. Throws `NOT_FOUND`. */
  endSilence(id: string, by: Identity, seesKey: (key: string) => boolean): Silence {
    const { clock, audit, file, changed } = this.#parts;
    const before = this.silences().find((one) => one.id === id);
    if (!before || !isReached(before, by, seesKey))
      throw new SluiceError('NOT_FOUND', { what: { en: `silence ${id}`, zh: `静默 ${id}` } });
    const nowMs = clock.nowMs();
    if (silenceEndMs(before) <= nowMs) return before;
    const after: Silence = { ...before, ended: { ms: nowMs, by: by.name } };
    audit.record({ who: by.name, action: 'silence.ended', subject: id, before, after });
    file().putSilence(after);
    changed();
    return after;
  }

  #put(contact: Contact, who: string, before?: Contact): Contact {
    const action = before ? 'contact.changed' : 'contact.added';
    this.#parts.audit.record({ who, action, subject: contact.id, before, after: contact });
    const moved = before && this.#parts.moving(before, contact);
    this.#parts.file().putContact(contact, moved?.write);
    moved?.done();
    this.#parts.changed();
    return contact;
  }

  #check(id: string, { quiet, escalateTo, escalateAfterS }: ContactWish, all: readonly Contact[]): void {
    if (quiet && !isTimeZone(quiet.zone))
      throw invalid('quiet.zone', {
        en: `${quiet.zone} is no time zone: write one as Asia/Shanghai`,
        zh: `${quiet.zone} 不是时区，请写成 Asia/Shanghai 的形式`,
      });
    if ((escalateTo === undefined) !== (escalateAfterS === undefined))
      throw invalid('escalateTo', {
        en: 'goes together with escalateAfterS',
        zh: '必须与 escalateAfterS 同时给出',
      });
    if (escalateTo !== undefined && (escalateTo === id || !all.some((one) => one.id === escalateTo)))
      throw invalid('escalateTo', {
        en: 'must be the id of another contact',
        zh: '必须是另一个联系人的 id',
      });
  }
}

function invalid(field: string, problem: Words): SluiceError {
  return new SluiceError('REQUEST_INVALID', { field, problem });
}

/** Whether somebody may keep quiet what matches: every place that is named must be seen. */
function sees(by: Identity, { site, link, key }: SilenceMatcher, seesKey: (key: string) => boolean): boolean {
  if (seesAll(by)) return true;
  return (
    (site !== undefined || link !== undefined || key !== undefined) &&
    (site === undefined || seesSite(by, site)) &&
    (link === undefined || seesLink(by, link)) &&
    (key === undefined || seesKey(key))
  );
}

/** What one has said oneself can be taken back, also once its cause is over. */
function isReached({ who, matcher }: Silence, by: Identity, seesKey: (key: string) => boolean): boolean {
  return who === by.name || sees(by, matcher, seesKey);
}
