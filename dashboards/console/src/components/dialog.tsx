import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { useWords } from '../i18n/use-words.ts';
import { PART_WORDS } from './words.ts';

interface DialogProps {
  readonly title: string;
  /** Escape, the cross, or a touch beside it. Whoever draws the dialog takes it away. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own modal dialog: it keeps the focus inside, and gives it back to where it was. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const words = useWords(PART_WORDS);
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Before anything is painted: what is typed right after the key that opens it belongs into it.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = ref.current!;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div class="dialog-inner">
        <h2 id={titleId}>{title}</h2>
        {children}
        <button type="button" class="dialog-close" aria-label={words.close} onClick={onClose}>
          <span aria-hidden="true">×</span>
        </button>
      </div>
    </dialog>
  );
}
