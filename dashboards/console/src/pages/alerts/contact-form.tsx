import { useState } from 'preact/hooks';
import type { Contact, WayKind } from '../../../../../core/alerts/contact.ts';
import { AllOrSome } from '../../components/all-or-some.tsx';
import { Button } from '../../components/button.tsx';
import { CheckField, Choice, SelectField, TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { SpanField } from '../../components/span-field.tsx';
import { type Sending, useSending } from '../../components/use-sending.ts';
import { useThings } from '../../components/use-things.ts';
import { PART_WORDS } from '../../components/words.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { blankContact, type ContactDraft, draftOfContact, wishOfContact } from './contact-draft.ts';
import { WORDS } from './words.ts';

const WAY_KINDS: readonly WayKind[] = ['mail', 'sms', 'webhook', 'mqtt'];

interface ContactFormProps {
  readonly contacts: readonly Contact[];
  /** The one that is changed. */
  readonly standing?: Contact;
  readonly onDone: (text: string) => void;
}

/** Adds somebody who is told, or changes how. */
export function ContactForm({ contacts, standing, onDone }: ContactFormProps) {
  const words = useWords(WORDS);
  const parts = useWords(PART_WORDS);
  const { api, locale } = useConsole();
  const [base] = useState(standing);
  const [draft, setDraft] = useState<ContactDraft>(() => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    return base ? draftOfContact(base, timeZone) : blankContact(locale.language, timeZone);
  });
  const sending = useSending();
  const change = (some: Partial<ContactDraft>) => setDraft((before) => ({ ...before, ...some }));
  const save = async () => {
    const refused = {
      ...(draft.name.trim() === '' && { name: words.needed }),
      ...(draft.ways.length === 0 && { ways: words.needWay }),
    };
    if (Object.keys(refused).length > 0) return sending.refuse(refused);
    const wish = wishOfContact(draft);
    const isSaved = await sending.send(() =>
      base
        ? api.send('PUT', `/api/v1/contacts/${encodeURIComponent(base.id)}`, {
            ...wish,
            version: base.version,
          })
        : api.send('POST', '/api/v1/contacts', wish),
    );
    if (isSaved) onDone(words.saved);
  };
  const others = contacts.filter(({ id }) => id !== base?.id);
  return (
    <SendForm
      sending={sending}
      action={words.save}
      class="form card contact-form"
      labelledBy="contact-title"
      onSubmit={save}
      beside={
        <a class="button button-plain" href={hrefOf('alerts', ['contacts'])}>
          {parts.cancel}
        </a>
      }
    >
      <h2 id="contact-title">{base ? words.changeContact : words.newContact}</h2>
      <TextField
        label={words.name}
        value={draft.name}
        onChange={(name) => change({ name })}
        maxLength={100}
        error={sending.at('name')}
      />
      <Choice
        label={words.language}
        value={draft.language}
        onChange={(language) => change({ language })}
        options={(['zh', 'en'] as const).map((value) => ({ value, label: words.languages[value] }))}
      />
      <WayFields draft={draft} change={change} sending={sending} />
      <ToldFields draft={draft} change={change} sending={sending} />
      <QuietFields draft={draft} change={change} sending={sending} />
      {others.length > 0 && (
        <fieldset class="side">
          <legend>{words.escalate}</legend>
          <div class="form-row">
            <SelectField
              label={words.escalateTo}
              value={draft.escalateTo}
              options={[
                { value: '', label: words.escalateNobody },
                ...others.map(({ id, name }) => ({ value: id, label: name })),
              ]}
              onChange={(escalateTo) => change({ escalateTo })}
              error={sending.at('escalateTo')}
            />
            {draft.escalateTo !== '' && (
              <SpanField
                label={words.escalateAfter}
                value={draft.escalateAfterS}
                onChange={(escalateAfterS) => change({ escalateAfterS })}
                error={sending.at('escalateAfterS')}
              />
            )}
          </div>
        </fieldset>
      )}
    </SendForm>
  );
}

interface FieldsProps {
  readonly draft: ContactDraft;
  readonly change: (some: Partial<ContactDraft>) => void;
  readonly sending: Sending;
}

function WayFields({ draft, change, sending }: FieldsProps) {
  const words = useWords(WORDS);
  const { ways } = draft;
  const set = (index: number, some: Partial<ContactDraft['ways'][number]>) =>
    change({ ways: ways.map((way, at) => (at === index ? { ...way, ...some } : way)) });
  const error = sending.at('ways');
  return (
    <fieldset class="side">
      <legend>{words.ways}</legend>
      {ways.map((way, index) => (
        <div class="form-row" key={index}>
          <SelectField
            label={words.way}
            value={way.kind}
            options={WAY_KINDS.map((kind) => ({ value: kind, label: words.wayKinds[kind] }))}
            onChange={(kind) => set(index, { kind: kind as WayKind })}
            hint={way.kind === 'mqtt' ? words.mqttHint : undefined}
          />
          {way.kind !== 'mqtt' && (
            <TextField
              label={words.wayTo[way.kind]}
              value={way.to}
              onChange={(to) => set(index, { to })}
              error={index === 0 ? error : undefined}
            />
          )}
          {way.kind === 'webhook' && (
            <TextField
              label={words.waySecret}
              value={way.secret}
              onChange={(secret) => set(index, { secret })}
              isOptional
            />
          )}
          <p class="way-remove">
            <Button
              aria-label={`${words.remove}: ${words.wayKinds[way.kind]} ${way.to}`.trim()}
              onClick={() => change({ ways: ways.filter((_, at) => at !== index) })}
            >
              {words.remove}
            </Button>
          </p>
        </div>
      ))}
      {ways.length === 0 && error && <p class="field-error">{error}</p>}
      <p>
        <Button onClick={() => change({ ways: [...ways, { kind: 'mail', to: '', secret: '' }] })}>
          {words.addWay}
        </Button>
      </p>
    </fieldset>
  );
}

function ToldFields({ draft, change, sending }: FieldsProps) {
  const words = useWords(WORDS);
  const things = useThings();
  const { severities } = draft;
  return (
    <fieldset class="side">
      <legend>{words.severitiesTold}</legend>
      <div class="checks">
        {(['critical', 'warning', 'info'] as const).map((one) => (
          <CheckField
            key={one}
            label={words.severities[one]}
            value={severities.includes(one)}
            onChange={(isTold) =>
              change({
                severities: isTold ? [...severities, one] : severities.filter((other) => other !== one),
              })
            }
          />
        ))}
      </div>
      {severities.length === 0 && <p class="field-hint">{words.severitiesNone}</p>}
      {(['sites', 'links'] as const).map((which) => (
        <AllOrSome
          key={which}
          labels={words.toldOf[which]}
          value={draft[which]}
          onChange={(value) => change({ [which]: value })}
          things={things[which]}
          error={sending.at(which)}
        />
      ))}
    </fieldset>
  );
}

function QuietFields({ draft, change, sending }: FieldsProps) {
  const words = useWords(WORDS);
  return (
    <fieldset class="side">
      <legend>{words.quiet}</legend>
      <CheckField
        label={words.quietOn}
        value={draft.hasQuiet}
        onChange={(hasQuiet) => change({ hasQuiet })}
      />
      {draft.hasQuiet && (
        <>
          <div class="form-row">
            <TextField
              label={words.quietFrom}
              type="time"
              value={draft.quietFrom}
              onChange={(quietFrom) => change({ quietFrom })}
              error={sending.at('quiet.from') ?? sending.at('quiet')}
            />
            <TextField
              label={words.quietTo}
              type="time"
              value={draft.quietTo}
              onChange={(quietTo) => change({ quietTo })}
              error={sending.at('quiet.to')}
            />
            <TextField
              label={words.quietZone}
              value={draft.quietZone}
              onChange={(quietZone) => change({ quietZone })}
              error={sending.at('quiet.zone')}
            />
          </div>
          <CheckField
            label={words.quietCritical}
            value={draft.exceptCritical}
            onChange={(exceptCritical) => change({ exceptCritical })}
          />
        </>
      )}
    </fieldset>
  );
}
