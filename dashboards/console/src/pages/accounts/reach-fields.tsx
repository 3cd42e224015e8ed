import { ROLES, type Scope, type TokenRole } from '../../../../../core/access.ts';
import { AllOrSome } from '../../components/all-or-some.tsx';
import { SelectField } from '../../components/form.tsx';
import type { Sending } from '../../components/use-sending.ts';
import type { Things } from '../../components/use-things.ts';
import { useWords } from '../../i18n/use-words.ts';
import { WORDS as ACCOUNT_WORDS } from '../account/words.ts';
import { WORDS } from './words.ts';

/** What somebody may and sees, as it stands in the form. */
export interface Reach extends Scope {
  readonly role: TokenRole;
}

/** An administrator sees all, whatever was chosen before. */
export function scopeOf({ role, sites, links }: Reach): Reach {
  return role === 'administrator' ? { role, sites: 'all', links: 'all' } : { role, sites, links };
}

interface ReachFieldsProps {
  readonly reach: Reach;
  readonly onChange: (reach: Reach) => void;
  readonly things: Things;
  readonly sending: Sending;
  readonly isToken: boolean;
}

/** Role, and which sites and links; an administrator has them all. */
export function ReachFields({ reach, onChange, things, sending, isToken }: ReachFieldsProps) {
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
          <AllOrSome
            labels={{ all: words.allSites, some: words.sites, none: words.noSites }}
            value={reach.sites}
            onChange={(sites) => onChange({ ...reach, sites })}
            things={things.sites}
            error={sending.at('sites')}
          />
          <AllOrSome
            labels={{ all: words.allLinks, some: words.links, none: words.noLinks }}
            value={reach.links}
            onChange={(links) => onChange({ ...reach, links })}
            things={things.links}
            error={sending.at('links')}
          />
        </>
      )}
    </>
  );
}
