import { useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import type { Contact } from '../../../../../core/alerts/contact.ts';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { AskedPart, Empty, Failure } from '../../components/states.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { formatSpan } from '../../format-span.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import type { PartProps } from './alerts.tsx';
import type { ContactsReply } from './api.ts';
import { ContactForm } from './contact-form.tsx';
import { WORDS } from './words.ts';

/** Who is told: `#/alerts/contacts`, `…/contacts/new`, `…/contacts/<id>`. */
export function Contacts({ say }: PartProps) {
  const words = useWords(WORDS);
  const { me, place } = useConsole();
  const asked = useAsked<ContactsReply>(may(me, 'settings') ? '/api/v1/contacts' : undefined);
  const id = place.path[1];
  const done = (text: string) => {
    say(text);
    void asked.again();
    location.hash = hrefOf('alerts', ['contacts']);
  };
  return (
    <AskedPart asked={asked}>
      {({ contacts }) => {
        if (id === undefined) return <ContactList contacts={contacts} onDone={done} say={say} />;
        const standing = contacts.find((one) => one.id === id);
        if (id !== 'new' && !standing) return <Empty title={words.notFound} />;
        return <ContactForm key={id} contacts={contacts} {...(standing && { standing })} onDone={done} />;
      }}
    </AskedPart>
  );
}

interface ContactListProps extends PartProps {
  readonly contacts: readonly Contact[];
  readonly onDone: (text: string) => void;
}

function ContactList({ contacts, onDone, say }: ContactListProps) {
  const words = useWords(WORDS);
  const { api } = useConsole();
  const [removing, setRemoving] = useState<Contact>();
  const testing = useSending();
  const test = async ({ id }: Contact) => {
    if (await testing.send(() => api.send('POST', `/api/v1/contacts/${encodeURIComponent(id)}/test`)))
      say(words.tested);
  };
  return (
    <>
      <header class="section-head">
        <p>{words.contactsText}</p>
        <a class="button button-main" href={hrefOf('alerts', ['contacts', 'new'])}>
          {words.addContact}
        </a>
      </header>
      {testing.problem && <Failure error={testing.problem.error} />}
      {contacts.length === 0 ? (
        <Empty title={words.contactsNone}>
          <p>{words.contactsNoneText}</p>
        </Empty>
      ) : (
        <div class="card table-holder">
          <DataTable<Contact>
            caption={words.contactsText}
            rows={contacts}
            keyOf={({ id }) => id}
            columns={[
              { id: 'name', title: words.name, sortBy: ({ name }) => name, cell: ({ name }) => name },
              { id: 'ways', title: words.ways, cell: (one) => <Ways contact={one} /> },
              { id: 'of', title: words.of, cell: (one) => <Of contact={one} /> },
              { id: 'quiet', title: words.quiet, cell: (one) => <Quiet contact={one} /> },
              {
                id: 'escalate',
                title: words.escalate,
                cell: (one) => <Escalation contact={one} contacts={contacts} />,
              },
              {
                id: 'do',
                title: words.actions,
                isActions: true,
                cell: (one) => (
                  <div class="actions">
                    <a
                      class="button button-plain"
                      href={hrefOf('alerts', ['contacts', one.id])}
                      aria-label={`${words.change}: ${one.name}`}
                    >
                      {words.change}
                    </a>
                    <Button
                      aria-label={`${words.test}: ${one.name}`}
                      isBusy={testing.isSending}
                      onClick={() => void test(one)}
                    >
                      {words.test}
                    </Button>
                    <Button
                      kind="quiet"
                      aria-label={`${words.remove}: ${one.name}`}
                      onClick={() => setRemoving(one)}
                    >
                      {words.remove}
                    </Button>
                  </div>
                ),
              },
            ]}
          />
        </div>
      )}
      {removing && (
        <Confirm
          title={words.removeTitle(removing.name)}
          action={words.remove}
          kind="danger"
          onClose={() => setRemoving(undefined)}
          onConfirm={async () => {
            await api.send('DELETE', `/api/v1/contacts/${encodeURIComponent(removing.id)}`);
            onDone(words.removed);
          }}
        >
          <p>{words.removeText}</p>
        </Confirm>
      )}
    </>
  );
}

interface ContactProps {
  readonly contact: Contact;
}

function Ways({ contact: { ways } }: ContactProps) {
  const words = useWords(WORDS);
  return (
    <ul class="plain-list">
      {ways.map((way) => (
        <li key={`${way.kind} ${'to' in way ? way.to : ''}`}>
          {words.wayKinds[way.kind]} {'to' in way && <span class="set-by">{way.to}</span>}
        </li>
      ))}
    </ul>
  );
}

function Of({ contact: { severities, sites, links } }: ContactProps) {
  const words = useWords(WORDS);
  const listed = (ids: 'all' | readonly string[]) =>
    ids === 'all' ? words.allOf : ids.length === 0 ? words.noneOf : ids.join(', ');
  return (
    <>
      {severities.length === 0
        ? words.severitiesNone
        : severities.map((one) => words.severities[one]).join(', ')}
      <span class="set-by contact-scope">
        {words.sites}: {listed(sites)} · {words.links}: {listed(links)}
      </span>
    </>
  );
}

function Quiet({ contact: { quiet } }: ContactProps) {
  const words = useWords(WORDS);
  if (!quiet) return <>–</>;
  return (
    <>
      {words.quietSaid(quiet.from, quiet.to)}
      <span class="set-by contact-scope">
        {quiet.zone}
        {quiet.exceptCritical && `, ${words.quietExcept}`}
      </span>
    </>
  );
}

function Escalation({ contact, contacts }: ContactProps & { readonly contacts: readonly Contact[] }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const { escalateTo, escalateAfterS } = contact;
  if (escalateTo === undefined || escalateAfterS === undefined) return <>–</>;
  const name = contacts.find(({ id }) => id === escalateTo)?.name ?? escalateTo;
  return <>{words.escalateSaid(name, formatSpan(escalateAfterS, locale))}</>;
}
