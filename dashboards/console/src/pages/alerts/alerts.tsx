import './alerts.css';
import type { ComponentType } from 'preact';
import { may } from '../../../../../core/access.ts';
import { useStatus } from '../../components/status-line.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { AlertList } from './alert-list.tsx';
import { AlertView } from './alert-view.tsx';
import { Contacts } from './contacts.tsx';
import { Deliveries } from './deliveries.tsx';
import { Silences } from './silences.tsx';
import { WORDS } from './words.ts';

/** What every part of the page is given. */
export interface PartProps {
  /** Tells what has just been done. */
  readonly say: (text: string) => void;
}

type PartId = 'events' | 'silences' | 'deliveries' | 'contacts';

const PARTS: Readonly<Record<PartId, ComponentType<PartProps>>> = {
  events: AlertList,
  silences: Silences,
  deliveries: Deliveries,
  contacts: Contacts,
};

/** Events, one for each cause: `#/alerts` and `#/alerts/<id>`; beside them silences, messages, and who is told. */
export default function Alerts() {
  const { me, place } = useConsole();
  const words = useWords(WORDS);
  const { line, say } = useStatus();
  const [first = 'events', second] = place.path;
  const offered = (Object.keys(PARTS) as PartId[]).filter((id) => id !== 'contacts' || may(me, 'settings'));
  const part = offered.find((id) => id === first);
  const Part = part && PARTS[part];
  return (
    <main class="page">
      <nav class="parts" aria-label={words.parts}>
        {offered.map((id) => (
          <a
            key={id}
            href={id === 'events' ? hrefOf('alerts') : hrefOf('alerts', [id])}
            {...(id === (part ?? 'events') && { 'aria-current': 'page' })}
          >
            {words[id]}
          </a>
        ))}
      </nav>
      {Part ? (
        <Part key={`${part}/${second ?? ''}`} say={say} />
      ) : (
        <AlertView key={first} id={first} say={say} />
      )}
      {line}
    </main>
  );
}
