import { useEffect, useRef, useState } from 'preact/hooks';

/** Whether an element is on the screen, or nearly: what nobody sees need not be fetched. */
export function useVisible<T extends Element>() {
  const ref = useRef<T>(null);
  const [isVisible, setVisible] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => setVisible(entries.some((entry) => entry.isIntersecting)),
      { rootMargin: '120px' },
    );
    if (ref.current) observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, isVisible] as const;
}
