import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { FormProblem, TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { useStatus } from '../../components/status-line.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { SESSION_PATH, type Session } from '../../session.ts';
import { WORDS } from './words.ts';
import '../accounts/accounts.css';

/** Who somebody is here, the own password, and the way out. */
export default function AccountPage() {
  const { api, me, setSession } = useConsole();
  const words = useWords(WORDS);
  const status = useStatus();
  const leaving = useSending();
  const reach = (list: 'all' | readonly string[]) =>
    list === 'all' ? words.all : list.join(', ') || words.none;
  if (me.kind === 'open') {
    return (
      <main class="page">
        <p class="card">{words.open}</p>
      </main>
    );
  }
  return (
    <main class="page">
      <section class="card form">
        <h2>{words.who}</h2>
        <dl class="facts">
          <dt>{words.name}</dt>
          <dd>{me.name}</dd>
          <dt>{words.role}</dt>
          <dd>{words.roles[me.role]}</dd>
          <dt>{words.sites}</dt>
          <dd>{reach(me.sites)}</dd>
          <dt>{words.links}</dt>
          <dd>{reach(me.links)}</dd>
        </dl>
        <FormProblem sending={leaving} />
        <p class="form-actions">
          <Button
            isBusy={leaving.isSending}
            onClick={() =>
              void leaving.send(async () => {
                await api.send('DELETE', SESSION_PATH);
                setSession(null);
              })
            }
          >
            {words.signOut}
          </Button>
        </p>
      </section>
      <PasswordForm
        onChanged={(session) => {
          setSession(session);
          status.say(words.saved);
        }}
      />
      {status.line}
    </main>
  );
}

function PasswordForm({ onChanged }: { readonly onChanged: (session: Session) => void }) {
  const { api, me } = useConsole();
  const words = useWords(WORDS);
  const sending = useSending();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const submit = async () => {
    if (current === '') return sending.refuse({ current: words.needed });
    if (next === '') return sending.refuse({ password: words.needed });
    if (again !== next) return sending.refuse({ again: words.differs });
    await sending.send(async () => {
      const body = { password: current, newPassword: next };
      onChanged(await api.send<Session>('PUT', `${SESSION_PATH}/password`, body));
      for (const clear of [setCurrent, setNext, setAgain]) clear('');
    });
  };
  return (
    <section class="card">
      <SendForm sending={sending} action={words.save} onSubmit={submit}>
        <h2>{words.change}</h2>
        {/* For programs that keep passwords: whose it is. */}
        <input type="text" hidden readOnly autocomplete="username" value={me.name} />
        <TextField
          label={words.current}
          type="password"
          autocomplete="current-password"
          value={current}
          onChange={setCurrent}
          error={sending.at('current')}
        />
        <TextField
          label={words.next}
          hint={words.nextHint}
          type="password"
          autocomplete="new-password"
          value={next}
          onChange={setNext}
          error={sending.at('password')}
        />
        <TextField
          label={words.again}
          type="password"
          autocomplete="new-password"
          value={again}
          onChange={setAgain}
          error={sending.at('again')}
        />
      </SendForm>
    </section>
  );
}
