import { ROLES, type Scope, type TokenRole } from '../../../../../core/access.ts';
import { CheckField, SelectField, TextField } from '../../components/form.tsx';
import type { Sending } from '../../components/use-sending.ts';
import { useWords } from '../../i18n/use-words.ts';
import { WORDS as ACCOUNT_WORDS } from '../account/words.ts';
import { WORDS } from './words.ts';

/** What somebody may and sees, as it is typed. */
export interface Reach {
  readonly role: TokenRole;
  readonly sites: 'all' | string;
  readonly links: 'all' | string;
  readonly isAllSites: boolean;
  readonly isAllLinks: boolean;
}

export function reachOf({ role, sites, links }: Scope & { readonly role: TokenRole }): Reach {
  const text = (list: Scope['sites']) => (list === 'all' ? '' : list.join(', '));
  return {
    ...{ role, sites: text(sites), links: text(links) },
    ...{ isAllSites: sites === 'all', isAllLinks: links === 'all' },
  };
}

export function scopeOf({ role, sites, links, isAllSites, isAllLinks }: Reach) {
  const list = (text: string) => text.split(/[\s,，、]+/).filter((one) => one !== '');
  const isAll = role === 'administrator';
  return {
    role,
    sites: isAll || isAllSites ? ('all' as const) : list(sites),
    links: isAll || isAllLinks ? ('all' as const) : list(links),
  };
}

interface ReachFieldsProps {
  readonly reach: Reach;
  readonly onChange: (reach: Reach) => void;
  readonly sending: Sending;
  readonly isToken: boolean;
}

/** Role, and which sites and links; an administrator has them all. */
export function ReachFields({ reach, onChange, sending, isToken }: ReachFieldsProps) {
  const words = useWords(WORDS);
  const { roles } = useWords(ACCOUNT_WORDS);
  const known: readonly TokenRole[] = isToken ? [...ROLES, 'source'] : ROLES;
  return (
    <>
      <SelectField
        label={words.role}
        hint={words.roleHints[reach.role]}
        value={reach.role}
        onChange={(role) => onChange({ ...reach, role: role as TokenRole })}
        options={known.map((role) => ({ value: role, label: roles[role] }))}
        error={sending.at('role')}
      />
      {reach.role !== 'administrator' && (
        <>
          <CheckField
            label={words.allSites}
            value={reach.isAllSites}
            onChange={(isAllSites) => onChange({ ...reach, isAllSites })}
          />
          {!reach.isAllSites && (
            <TextField
              label={words.sites}
              hint={words.listHint}
              value={reach.sites}
              onChange={(sites) => onChange({ ...reach, sites })}
              error={sending.at('sites')}
            />
          )}
          <CheckField
            label={words.allLinks}
            value={reach.isAllLinks}
            onChange={(isAllLinks) => onChange({ ...reach, isAllLinks })}
          />
          {!reach.isAllLinks && (
            <TextField
              label={words.links}
              hint={words.listHint}
              value={reach.links}
              onChange={(links) => onChange({ ...reach, links })}
              error={sending.at('links')}
            />
          )}
        </>
      )}
    </>
  );
}
