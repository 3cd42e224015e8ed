import { useState } from 'preact/hooks';
import { Dialog } from '../../components/dialog.tsx';
import { Choice, Field, SelectField, TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Link, Mesh } from './api.ts';
import { WORDS } from './words.ts';

const HOUR_MS = 3_600_000;

interface MaintenanceFormProps {
  readonly links: readonly Link[];
  readonly mesh: Mesh | undefined;
  /** Chosen at first. */
  readonly link: Link | undefined;
  readonly onClose: () => void;
  readonly onEntered: () => void;
}

type Scope = 'link' | 'pop' | 'network';

/** A window for a link, for all of a point, or for all of a network. */
export function MaintenanceForm({ links, mesh, link, onClose, onEntered }: MaintenanceFormProps) {
  const { api, locale } = useConsole();
  const words = useWords(WORDS);
  const sending = useSending();
  const [scope, setScope] = useState<Scope>('link');
  const [chosen, setChosen] = useState({
    link: link?.id ?? links[0]?.id ?? '',
    pop: link?.from.id ?? mesh?.pops[0]?.id ?? '',
    network: link?.from.network ?? mesh?.networks[0]?.id ?? '',
  });
  const nextHourMs = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS;
  const [from, setFrom] = useState(localText(nextHourMs));
  const [to, setTo] = useState(localText(nextHourMs + 2 * HOUR_MS));
  const [reason, setReason] = useState('');
  const { language } = locale;
  const options = {
    link: links.map(({ id, from: a, to: b }) => ({
      value: id,
      label: `${a.name[language]} → ${b.name[language]} (${id})`,
    })),
    pop: (mesh?.pops ?? []).map(({ id, name }) => ({ value: id, label: `${name[language]} (${id})` })),
    network: (mesh?.networks ?? []).map(({ id, name }) => ({ value: id, label: name[language] })),
  }[scope];
  const fromMs = Date.parse(from);
  const toMs = Date.parse(to);
  const submit = async () => {
    const wrong = {
      ...(!(fromMs < toMs) && { to: words.endFirst }),
      ...(reason.trim() === '' && { reason: words.needed }),
    };
    if (Object.keys(wrong).length > 0) return sending.refuse(wrong);
    const list = { link: 'links', pop: 'pops', network: 'networks' }[scope];
    const body = { [list]: [chosen[scope]], from: String(fromMs), to: String(toMs), reason: reason.trim() };
    if (await sending.send(() => api.send('POST', '/api/v1/maintenance', body))) onEntered();
  };
  return (
    <Dialog title={words.addWindow} onClose={onClose}>
      <SendForm sending={sending} action={words.addWindow} onSubmit={submit}>
        <Choice
          label={words.scope}
          value={scope}
          onChange={setScope}
          options={(['link', 'pop', 'network'] as const).map((value) => ({
            value,
            label: words.scopes[value],
          }))}
        />
        <SelectField
          label={words.scopes[scope]}
          value={chosen[scope]}
          onChange={(value) => setChosen({ ...chosen, [scope]: value })}
          options={options}
          error={sending.at('links') ?? sending.at('pops') ?? sending.at('networks')}
        />
        <div class="form-row">
          <Field label={words.start} error={sending.at('from')}>
            {(part) => (
              <input
                {...part}
                type="datetime-local"
                value={from}
                onInput={({ currentTarget }) => setFrom(currentTarget.value)}
              />
            )}
          </Field>
          <Field label={words.end} error={sending.at('to')}>
            {(part) => (
              <input
                {...part}
                type="datetime-local"
                value={to}
                onInput={({ currentTarget }) => setTo(currentTarget.value)}
              />
            )}
          </Field>
        </div>
        {fromMs < Date.now() && (
          <p class="missing" role="status">
            {words.isPast}
          </p>
        )}
        <TextField
          label={words.reason}
          value={reason}
          onChange={setReason}
          isLong
          maxLength={500}
          error={sending.at('reason')}
        />
      </SendForm>
    </Dialog>
  );
}

/** As `datetime-local` takes it, in the viewer's zone. */
function localText(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
}
