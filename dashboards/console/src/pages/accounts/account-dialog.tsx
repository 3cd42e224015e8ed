import { useState } from 'preact/hooks';
import { Dialog } from '../../components/dialog.tsx';
import { CheckField, TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useThings } from '../../components/use-things.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { ACCOUNTS_PATH, type Account, TOKENS_PATH, type Token } from './api.ts';
import { type Reach, ReachFields, scopeOf } from './reach-fields.tsx';
import { WORDS } from './words.ts';

interface AccountDialogProps {
  /** The one to change; undefined for a new one. */
  readonly account?: Account | undefined;
  readonly onSaved: (account: Account) => void;
  readonly onClose: () => void;
}

const NEWCOMER: Reach = { role: 'viewer', sites: [], links: [] };

export function AccountDialog({ account, onSaved, onClose }: AccountDialogProps) {
  const { api } = useConsole();
  const words = useWords(WORDS);
  const sending = useSending();
  const things = useThings();
  const [name, setName] = useState('');
  const [reach, setReach] = useState<Reach>(account ?? NEWCOMER);
  const [disabled, setDisabled] = useState(account?.disabled ?? false);
  const save = () =>
    sending.send(async () => {
      const body = { ...scopeOf(reach), disabled, ...(account?.language && { language: account.language }) };
      const saved = account
        ? await api.send<Account>('PUT', `${ACCOUNTS_PATH}/${encodeURIComponent(account.name)}`, {
            ...body,
            version: account.version,
          })
        : await api.send<Account>('POST', ACCOUNTS_PATH, { ...body, name: name.trim() });
      onSaved(saved);
    });
  return (
    <Dialog title={account ? words.editOf(account.name) : words.add} onClose={onClose}>
      <SendForm sending={sending} action={account ? words.save : words.add} onSubmit={save}>
        {!account && (
          <TextField
            label={words.name}
            hint={words.nameHint}
            value={name}
            onChange={setName}
            autocomplete="off"
            maxLength={64}
            error={sending.at('name')}
          />
        )}
        <ReachFields reach={reach} onChange={setReach} things={things} sending={sending} isToken={false} />
        {account && <CheckField label={words.isDisabled} value={disabled} onChange={setDisabled} />}
      </SendForm>
    </Dialog>
  );
}

interface TokenDialogProps {
  readonly onMade: (token: Token & { readonly token: string }) => void;
  readonly onClose: () => void;
}

export function TokenDialog({ onMade, onClose }: TokenDialogProps) {
  const { api } = useConsole();
  const words = useWords(WORDS);
  const sending = useSending();
  const things = useThings();
  const [name, setName] = useState('');
  const [reach, setReach] = useState(NEWCOMER);
  const [lastDay, setLastDay] = useState('');
  const make = () =>
    sending.send(async () => {
      // To the end of that day, where the viewer is.
      const expiry = lastDay === '' ? {} : { expiresMs: new Date(`${lastDay}T23:59:59.999`).getTime() };
      const body = { ...scopeOf(reach), name: name.trim(), ...expiry };
      onMade(await api.send('POST', TOKENS_PATH, body));
    });
  return (
    <Dialog title={words.addToken} onClose={onClose}>
      <SendForm sending={sending} action={words.addToken} onSubmit={make}>
        <TextField
          label={words.name}
          hint={words.nameHint}
          value={name}
          onChange={setName}
          autocomplete="off"
          maxLength={64}
          error={sending.at('name')}
        />
        <ReachFields reach={reach} onChange={setReach} things={things} sending={sending} isToken />
        <TextField
          label={words.expiresOn}
          isOptional
          type="date"
          value={lastDay}
          onChange={setLastDay}
          error={sending.at('expiresMs')}
        />
      </SendForm>
    </Dialog>
  );
}
