import { useEffect, useRef, useState } from 'preact/hooks';
import { TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { SESSION_PATH, type Session } from '../../session.ts';
import { WORDS } from './words.ts';
import './sign-in.css';

interface SignInProps {
  /** Whether somebody was signed in until now. */
  readonly wasIn: boolean;
  readonly onSignedIn: (session: Session) => void;
}

/** Drawn in the place of any page while nobody is signed in; the address stays, and so what is seen afterwards. */
export default function SignIn({ wasIn, onSignedIn }: SignInProps) {
  const { api } = useConsole();
  const words = useWords(WORDS);
  const sending = useSending();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.querySelector('input')?.focus(), []);
  const submit = async () => {
    const missing = {
      ...(name.trim() === '' && { name: words.needed }),
      ...(password === '' && { password: words.needed }),
    };
    if (Object.keys(missing).length > 0) return sending.refuse(missing);
    await sending.send(async () => {
      onSignedIn(await api.send<Session>('POST', SESSION_PATH, { name: name.trim(), password }));
    });
  };
  return (
    <main class="page">
      <section class="card sign-in" ref={box}>
        <h2>{words.title}</h2>
        <SendForm sending={sending} action={words.action} onSubmit={submit}>
          {wasIn && <p role="status">{words.again}</p>}
          <TextField
            label={words.name}
            value={name}
            onChange={setName}
            autocomplete="username"
            maxLength={64}
            error={sending.at('name')}
          />
          <TextField
            label={words.password}
            type="password"
            value={password}
            onChange={setPassword}
            autocomplete="current-password"
            error={sending.at('password')}
          />
        </SendForm>
        <p class="sign-in-note">{words.forgotten}</p>
      </section>
    </main>
  );
}
