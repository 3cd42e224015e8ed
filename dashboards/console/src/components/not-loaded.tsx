import { useConsole } from '../console.ts';

/** In place of a page or a part whose code cannot be had. */
export function NotLoaded({ onRetry }: { readonly onRetry: () => void }) {
  const { words } = useConsole().locale;
  return (
    <p class="card" role="alert">
      {words.pageNotLoaded}{' '}
      <button type="button" onClick={onRetry}>
        {words.tryAgain}
      </button>
    </p>
  );
}
