import type { ComponentChildren } from 'preact';
import { Button, type ButtonKind } from './button.tsx';
import { FormProblem } from './form.tsx';
import type { Sending } from './use-sending.ts';

interface SendFormProps {
  readonly sending: Sending;
  /** What the button says: what will be done. */
  readonly action: string;
  readonly kind?: ButtonKind;
  /** Where a form in a page is not only `form`. */
  readonly class?: string;
  /** The id of what names it; within a dialog that is its title. */
  readonly labelledBy?: string;
  readonly children?: ComponentChildren;
  /** Behind the button, such as a way back. */
  readonly beside?: ComponentChildren;
  onSubmit(): unknown;
}

/** Fields, what stands against them, and the button that sends them. What is wrong is said in our words, not in the browser's. */
export function SendForm({ sending, action, kind = 'main', labelledBy, children, ...rest }: SendFormProps) {
  const { class: classes = 'form', beside, onSubmit } = rest;
  return (
    <form
      class={classes}
      noValidate
      aria-labelledby={labelledBy}
      onSubmit={(event) => {
        event.preventDefault();
        // Words that somebody has typed and not chosen by would be left out without a word.
        const unfinished = event.currentTarget.querySelector<HTMLElement>('[data-unfinished]');
        if (!unfinished) return void onSubmit();
        unfinished.dispatchEvent(new Event('invalid'));
        unfinished.focus();
      }}
    >
      {children}
      <FormProblem sending={sending} />
      <p class="form-actions">
        <Button type="submit" kind={kind} isBusy={sending.isSending}>
          {action}
        </Button>
        {beside}
      </p>
    </form>
  );
}
