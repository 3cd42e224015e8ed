import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useWords } from '../i18n/use-words.ts';
import { Button, type ButtonKind } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { TextField } from './form.tsx';
import { SendForm } from './send-form.tsx';
import { useSending } from './use-sending.ts';
import { PART_WORDS } from './words.ts';

interface ConfirmProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** What the button says: what will be done, not "yes". */
  readonly action: string;
  readonly kind?: ButtonKind;
  /** Asked for in words where it is given: the label of the field. */
  readonly reason?: string;
  readonly reasonIsOptional?: boolean;
  onConfirm(reason: string): Promise<unknown>;
  onClose(): void;
}

/** Asks before something is done that others will feel; stays open with the server's words where it is refused. */
export function Confirm({
  title,
  children,
  action,
  kind = 'main',
  reason: label,
  reasonIsOptional = false,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const words = useWords(PART_WORDS);
  const [reason, setReason] = useState('');
  const sending = useSending();
  const submit = async () => {
    if (label !== undefined && !reasonIsOptional && reason.trim() === '')
      return sending.refuse({ reason: words.needed });
    if (await sending.send(() => onConfirm(reason.trim()))) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <SendForm
        sending={sending}
        action={action}
        kind={kind}
        onSubmit={submit}
        beside={<Button onClick={onClose}>{words.cancel}</Button>}
      >
        {children}
        {label !== undefined && (
          <TextField
            label={label}
            value={reason}
            onChange={setReason}
            isOptional={reasonIsOptional}
            isLong
            maxLength={500}
            error={sending.at('reason') ?? sending.at('why') ?? sending.at('note')}
          />
        )}
      </SendForm>
    </Dialog>
  );
}
