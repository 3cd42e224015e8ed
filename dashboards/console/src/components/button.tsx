import type { ButtonHTMLAttributes } from 'preact';

/** `main`: what most people came for, once on a page. `danger`: what cannot be taken back. */
export type ButtonKind = 'main' | 'plain' | 'danger' | 'quiet';

interface ButtonProps extends ButtonHTMLAttributes {
  readonly kind?: ButtonKind;
  /** While its work is under way it cannot be pressed again, and says so. */
  readonly isBusy?: boolean;
}

export function Button({ kind = 'plain', isBusy = false, children, onClick, ...more }: ButtonProps) {
  return (
    <button
      type="button"
      {...more}
      class={`button button-${kind}`}
      aria-disabled={isBusy || more['aria-disabled'] || undefined}
      aria-busy={isBusy || undefined}
      // Not `disabled`: the focus would fall back to the top of the page.
      onClick={(event) => {
        if (isBusy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {children}
    </button>
  );
}
