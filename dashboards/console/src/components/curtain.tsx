import type { ComponentChildren } from 'preact';
import { useModal } from './use-modal.ts';

/** Over everything, dialogs too. What is beneath stays as it was, half written forms among it, and cannot be seen or reached. */
export function Curtain({ children }: { readonly children: ComponentChildren }) {
  const ref = useModal();
  return (
    <dialog
      ref={ref}
      class="curtain"
      // No Escape ends it: a second one would whatever `cancel` says, and a third the dialog beneath with all that was typed.
      {...{ closedby: 'none' }}
      onKeyDown={(event) => event.key === 'Escape' && event.preventDefault()}
      // For browsers that do not know `closedby`.
      onCancel={(event) => event.preventDefault()}
      onClose={() => ref.current?.isConnected && ref.current.showModal()}
    >
      {children}
    </dialog>
  );
}
