import type { Scope } from '../../../../../core/access.ts';
import type { Contact, ContactWay, ContactWish, WayKind } from '../../../../../core/alerts/contact.ts';
import type { Severity } from './api.ts';

/** What stands in the form of a contact. */
export interface ContactDraft {
  readonly name: string;
  readonly language: 'en' | 'zh';
  readonly ways: readonly { readonly kind: WayKind; readonly to: string; readonly secret: string }[];
  readonly severities: readonly Severity[];
  readonly sites: Scope['sites'];
  readonly links: Scope['links'];
  readonly hasQuiet: boolean;
  readonly quietFrom: string;
  readonly quietTo: string;
  readonly quietZone: string;
  readonly exceptCritical: boolean;
  readonly escalateTo: string;
  readonly escalateAfterS: number | undefined;
}

export function blankContact(language: 'en' | 'zh', zone: string): ContactDraft {
  return {
    ...{ name: '', language, ways: [{ kind: 'mail', to: '', secret: '' }], sites: 'all', links: 'all' },
    ...{ severities: ['critical', 'warning'], hasQuiet: false, quietFrom: '22:00', quietTo: '06:00' },
    ...{ quietZone: zone, exceptCritical: true, escalateTo: '', escalateAfterS: 900 },
  };
}

export function draftOfContact(contact: Contact, zone: string): ContactDraft {
  const { name, language, ways, severities, sites, links, quiet, escalateTo, escalateAfterS } = contact;
  const blank = blankContact(language, zone);
  return {
    ...{ ...blank, name, severities, sites, links },
    ways: ways.map((way) => ({
      kind: way.kind,
      to: 'to' in way ? way.to : '',
      secret: ('secret' in way && way.secret) || '',
    })),
    ...(quiet && {
      ...{ hasQuiet: true, quietFrom: quiet.from, quietTo: quiet.to, quietZone: quiet.zone },
      exceptCritical: quiet.exceptCritical,
    }),
    ...(escalateTo !== undefined && { escalateTo, escalateAfterS }),
  };
}

export function wishOfContact(draft: ContactDraft): ContactWish {
  const { name, language, severities, hasQuiet, quietFrom, quietTo, quietZone, exceptCritical } = draft;
  const quiet = { from: quietFrom, to: quietTo, zone: quietZone.trim(), exceptCritical };
  const { escalateTo, escalateAfterS = 900 } = draft;
  return {
    ...{ name: name.trim(), language, severities: [...severities] },
    ways: draft.ways.map(wayOf),
    ...{ sites: listOf(draft.sites), links: listOf(draft.links) },
    ...(hasQuiet && { quiet }),
    ...(escalateTo !== '' && { escalateTo, escalateAfterS: Math.round(escalateAfterS) }),
  };
}

function wayOf({ kind, to, secret }: ContactDraft['ways'][number]): ContactWay {
  if (kind === 'mqtt') return { kind };
  const way = { kind, to: to.trim() };
  return kind === 'webhook' && secret.trim() !== '' ? { kind, to: way.to, secret: secret.trim() } : way;
}

function listOf(ids: Scope['sites']): ContactWish['sites'] {
  return ids === 'all' ? ids : [...ids];
}
