import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { useWords } from '../i18n/use-words.ts';
import { useModal } from './use-modal.ts';
import { PART_WORDS } from './words.ts';

interface DialogProps {
  readonly title: string;
  /** Escape, the cross, or a touch beside it. Whoever draws the dialog takes it away. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own modal dialog. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const words = useWords(PART_WORDS);
  const ref = useModal();
  const titleId = useId();
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
