import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Scope } from '../../../../../core/access.ts';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { AskedPart } from '../../components/states.tsx';
import { useStatus } from '../../components/status-line.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import { WORDS as ACCOUNT_WORDS } from '../account/words.ts';
import { AccountDialog, TokenDialog } from './account-dialog.tsx';
import { ACCOUNTS_PATH, type Account, TOKENS_PATH, type Token } from './api.ts';
import { WORDS } from './words.ts';
import './accounts.css';

/** Whatever is open over the page. */
type Open =
  | { readonly kind: 'add' | 'add-token' }
  | { readonly kind: 'edit'; readonly account: Account }
  | { readonly kind: 'reset'; readonly account: Account }
  | { readonly kind: 'remove'; readonly account: Account }
  | { readonly kind: 'remove-token'; readonly token: Token }
  | { readonly kind: 'secret'; readonly label: string; readonly secret: string };

/** Who may come in: people, and programs. */
export default function AccountsPage() {
  const words = useWords(WORDS);
  const accounts = useAsked<{ accounts: Account[] }>(ACCOUNTS_PATH);
  const tokens = useAsked<{ tokens: Token[] }>(TOKENS_PATH);
  const status = useStatus();
  const [open, setOpen] = useState<Open>();
  const changed = (said: string) => {
    void accounts.again();
    void tokens.again();
    status.say(said);
  };
  return (
    <main class="page">
      <section class="card">
        <Head title={words.people}>
          <Button kind="main" onClick={() => setOpen({ kind: 'add' })}>
            {words.add}
          </Button>
        </Head>
        <AskedPart asked={accounts}>
          {(answer) => <People rows={answer.accounts} onOpen={setOpen} />}
        </AskedPart>
      </section>
      <section class="card">
        <Head title={words.tokens}>
          <Button onClick={() => setOpen({ kind: 'add-token' })}>{words.addToken}</Button>
        </Head>
        <AskedPart asked={tokens}>{(answer) => <Tokens rows={answer.tokens} onOpen={setOpen} />}</AskedPart>
      </section>
      {open && <Opened open={open} onOpen={setOpen} onChanged={changed} />}
      {status.line}
    </main>
  );
}

function Head({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="section-head">
      <h2>{title}</h2>
      <p class="actions">{children}</p>
    </div>
  );
}

interface ListProps<T> {
  readonly rows: readonly T[];
  readonly onOpen: (open: Open) => void;
}

function People({ rows, onOpen }: ListProps<Account>) {
  const { me } = useConsole();
  const words = useWords(WORDS);
  const { roles } = useWords(ACCOUNT_WORDS);
  const seen = useSeen();
  const stateOf = ({ disabled, isPasswordGiven }: Account) =>
    disabled ? words.disabled : isPasswordGiven ? `${words.active}, ${words.given}` : words.active;
  return (
    <DataTable
      caption={words.people}
      rows={rows}
      keyOf={({ name }) => name}
      columns={[
        {
          id: 'name',
          title: words.name,
          cell: ({ name }) => (name === me.name ? `${name} (${words.you})` : name),
          sortBy: ({ name }) => name,
        },
        { id: 'role', title: words.role, cell: ({ role }) => roles[role], sortBy: ({ role }) => role },
        { id: 'sees', title: words.sees, cell: seen },
        { id: 'state', title: words.state, cell: stateOf, sortBy: stateOf },
        {
          id: 'actions',
          title: words.actions,
          cell: (account) => (
            <p class="actions">
              {(['edit', 'reset', 'remove'] as const).map((kind) => (
                <Button
                  key={kind}
                  kind={kind === 'remove' ? 'danger' : 'plain'}
                  aria-label={words[`${kind}Of`](account.name)}
                  onClick={() => onOpen({ kind, account })}
                >
                  {words[kind]}
                </Button>
              ))}
            </p>
          ),
        },
      ]}
    />
  );
}

function Tokens({ rows, onOpen }: ListProps<Token>) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const { roles } = useWords(ACCOUNT_WORDS);
  const seen = useSeen();
  if (rows.length === 0) {
    return (
      <p>
        {words.empty} {words.emptyText}
      </p>
    );
  }
  const time = (timeMs: number | undefined, other: string) =>
    timeMs === undefined ? other : locale.time(timeMs, Date.now());
  return (
    <DataTable
      caption={words.tokens}
      rows={rows}
      keyOf={({ id }) => id}
      columns={[
        { id: 'name', title: words.name, cell: ({ name }) => name, sortBy: ({ name }) => name },
        { id: 'role', title: words.role, cell: ({ role }) => roles[role], sortBy: ({ role }) => role },
        { id: 'sees', title: words.sees, cell: seen },
        { id: 'expires', title: words.expires, cell: ({ expiresMs }) => time(expiresMs, words.never) },
        { id: 'used', title: words.used, cell: ({ usedMs }) => time(usedMs, words.unused) },
        { id: 'by', title: words.by, cell: ({ createdBy }) => createdBy },
        {
          id: 'actions',
          title: words.actions,
          cell: (token) => (
            <Button
              kind="danger"
              aria-label={words.removeOf(token.name)}
              onClick={() => onOpen({ kind: 'remove-token', token })}
            >
              {words.remove}
            </Button>
          ),
        },
      ]}
    />
  );
}

interface OpenedProps {
  readonly open: Open;
  readonly onOpen: (open: Open | undefined) => void;
  readonly onChanged: (said: string) => void;
}

function Opened({ open, onOpen, onChanged }: OpenedProps) {
  const { api } = useConsole();
  const words = useWords(WORDS);
  const close = () => onOpen(undefined);
  const pathOf = (name: string) => `${ACCOUNTS_PATH}/${encodeURIComponent(name)}`;
  const shown = ({ name, password }: Account) => {
    onChanged(words.saved);
    onOpen(password ? { kind: 'secret', label: words.passwordIs(name), secret: password } : undefined);
  };
  switch (open.kind) {
    case 'add':
      return <AccountDialog onSaved={shown} onClose={close} />;
    case 'edit':
      return <AccountDialog account={open.account} onSaved={shown} onClose={close} />;
    case 'add-token':
      return (
        <TokenDialog
          onMade={({ name, token }) => {
            onChanged(words.saved);
            onOpen({ kind: 'secret', label: words.tokenIs(name), secret: token });
          }}
          onClose={close}
        />
      );
    case 'secret':
      return (
        <Dialog title={words.once} onClose={close}>
          <p>{open.label}</p>
          <p class="secret-once">{open.secret}</p>
          <p>{words.onceText}</p>
          <p class="form-actions">
            <Button kind="main" onClick={close}>
              {words.done}
            </Button>
          </p>
        </Dialog>
      );
    case 'reset':
      return <Reset name={open.account.name} onReset={shown} onClose={close} />;
    case 'remove':
    case 'remove-token': {
      const isToken = open.kind === 'remove-token';
      const { name } = isToken ? open.token : open.account;
      const path = isToken ? `${TOKENS_PATH}/${open.token.id}` : pathOf(name);
      return (
        <Confirm
          title={words.removeOf(name)}
          action={words.remove}
          kind="danger"
          onConfirm={async () => {
            await api.send('DELETE', path);
            onChanged(words.removed);
          }}
          onClose={close}
        >
          <p>{isToken ? words.removeTokenText : words.removeText}</p>
        </Confirm>
      );
    }
  }
}

interface ResetProps {
  readonly name: string;
  readonly onReset: (account: Account) => void;
  readonly onClose: () => void;
}

function Reset({ name, onReset, onClose }: ResetProps) {
  const { api } = useConsole();
  const words = useWords(WORDS);
  const reset = useRef<Account>(undefined);
  return (
    <Confirm
      title={words.resetOf(name)}
      action={words.reset}
      onConfirm={async () => {
        reset.current = await api.send('PUT', `${ACCOUNTS_PATH}/${encodeURIComponent(name)}/password`, {});
      }}
      // Called once it is done too: then the password is shown.
      onClose={() => (reset.current ? onReset(reset.current) : onClose())}
    >
      <p>{words.resetText}</p>
    </Confirm>
  );
}

function useSeen(): (scope: Scope) => string {
  const words = useWords(WORDS);
  const told = (list: Scope['sites']) => (list === 'all' ? words.all : list.join(', ') || words.none);
  return ({ sites, links }) => words.seen(told(sites), told(links));
}
