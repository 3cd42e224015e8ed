import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** Over everything, dialogs too. What is beneath stays as it was, half written forms among it, and cannot be seen or reached. */
export function Curtain({ children }: { readonly children: ComponentChildren }) {
  const ref = useRef<HTMLDialogElement>(null);
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
      class="curtain"
      onCancel={(event) => event.preventDefault()}
      // A second Escape closes it whatever is said above.
      onClose={() => ref.current?.isConnected && ref.current.showModal()}
    >
      {children}
    </dialog>
  );
}
