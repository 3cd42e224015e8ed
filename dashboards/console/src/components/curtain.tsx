import type { ComponentChildren } from 'preact';
import { useModal } from './use-modal.ts';

/** Over everything, dialogs too. What is beneath stays as it was, half written forms among it, and cannot be seen or reached. */
export function Curtain({ children }: { readonly children: ComponentChildren }) {
  const ref = useModal();
  return (
    <dialog
      ref={ref}
      class="curtain"
      onCancel={(event) => event.preventDefault()}
      // A second Escape closes it whatever is said above.
      onClose={() => ref.current?.isConnected && ref.current.showModal()}
    >
      {children}
    </dialog>
  );
}
