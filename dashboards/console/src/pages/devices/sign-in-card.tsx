import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Field, TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { type FoundGateway, type NewPassword, pathOf, type Setup } from './api.ts';
import { WORDS } from './words.ts';

interface SignInCardProps {
  readonly found: FoundGateway;
  readonly setup: Setup | undefined;
  readonly maySet: boolean;
}

/** Under which user a gateway signs in, and a new password for it. */
export function SignInCard({ found, setup, maySet }: SignInCardProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const [isOpen, setOpen] = useState(false);
  const { readMs, user } = setup ?? {};
  const said = readMs === undefined ? words.readFirst : user ? words.signsInAs(user) : words.noSignIn;
  return (
    <section class="card part">
      <h2>{words.signIn}</h2>
      <p>
        {said}{' '}
        {readMs !== undefined && <span class="soft">{words.asOf(locale.time(readMs, Date.now()))}</span>}
      </p>
      {maySet && (
        <p class="actions">
          <Button onClick={() => setOpen(true)}>{words.newPassword}</Button>
        </p>
      )}
      {isOpen && <Making found={found} user={user ?? found.gateway} onClose={() => setOpen(false)} />}
    </section>
  );
}

interface MakingProps {
  readonly found: FoundGateway;
  readonly user: string;
  readonly onClose: () => void;
}

function Making({ found, user: known, onClose }: MakingProps) {
  const { api } = useConsole();
  const words = useWords(WORDS);
  const sending = useSending();
  const [user, setUser] = useState(known);
  const [made, setMade] = useState<NewPassword>();
  const make = () =>
    sending.send(async () =>
      setMade(await api.send('POST', `${pathOf(found)}/password`, { user: user.trim() })),
    );
  return (
    <Dialog title={words.newPasswordTitle} onClose={onClose}>
      {made ? (
        <div class="form">
          <p role="status">
            <strong>{words.shownOnce}</strong>
          </p>
          <Secret label={words.password} value={made.password} />
          <Secret label={words.line} value={made.line} />
          <p class="soft">{words.order}</p>
        </div>
      ) : (
        <SendForm sending={sending} action={words.make} onSubmit={make}>
          <p>{words.newPasswordHelp}</p>
          <TextField
            label={words.user}
            value={user}
            onChange={setUser}
            maxLength={64}
            error={sending.at('user')}
          />
        </SendForm>
      )}
    </Dialog>
  );
}

function Secret({ label, value }: { readonly label: string; readonly value: string }) {
  const words = useWords(WORDS);
  const [isCopied, setCopied] = useState(false);
  return (
    <>
      <Field label={label}>
        {(part) => (
          <textarea
            {...part}
            class="code"
            rows={value.length > 60 ? 4 : 1}
            readOnly
            value={value}
            onFocus={({ currentTarget }) => currentTarget.select()}
          />
        )}
      </Field>
      {/* Browsers give the clipboard only to pages that came by HTTPS or from this machine. */}
      {navigator.clipboard && (
        <p class="actions">
          <Button
            kind="quiet"
            onClick={() => {
              navigator.clipboard.writeText(value).then(
                () => setCopied(true),
                () => setCopied(false),
              );
            }}
          >
            {isCopied ? words.copied : words.copy}
          </Button>
        </p>
      )}
    </>
  );
}
