import { useEffect, useState } from 'preact/hooks';

const SHOWN_MS = 8_000;

/** Says in a line at the foot of the window what has just been done, to those who listen too; gone after some seconds. */
export function useStatus() {
  const [said, setSaid] = useState({ text: '' });
  useEffect(() => {
    if (said.text === '') return;
    const timer = setTimeout(() => setSaid({ text: '' }), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const line = (
    <div class="status-line" role="status" data-shown={said.text !== '' || undefined}>
      {said.text}
    </div>
  );
  return { line, say: (text: string) => setSaid({ text }) };
}
