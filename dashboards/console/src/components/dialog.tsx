import type { ComponentChildren } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import { useWords } from '../i18n/use-words.ts';
import { useModal } from './use-modal.ts';
import { PART_WORDS } from './words.ts';

interface DialogProps {
  readonly title: string;
  /** Escape, the cross, or a touch beside it. Whoever draws the dialog takes it away. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A wet finger's second touch comes within this. */
const SETTLED_MS = 500;

/**
 * The browser's own modal dialog. It takes no touch in its first moment, when the second one of a double tap would hit whatever has appeared
 * under the finger; nor a key that is still held down from what opened it.
 */
export function Dialog({ title, onClose, children }: DialogProps) {
  const words = useWords(PART_WORDS);
  const ref = useModal();
  const isNew = useNew();
  const titleId = useId();
  return (
    <dialog
      ref={ref}
      class="dialog"
      data-new={isNew || undefined}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        if (event.repeat && event.key === 'Enter' && event.target instanceof HTMLButtonElement)
          event.preventDefault();
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

/** From the first time that it is painted, however long that took. */
function useNew(): boolean {
  const [isNew, setNew] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setNew(false), SETTLED_MS);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  return isNew;
}
