import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

interface LaterProps<T> {
  readonly load: () => Promise<{ readonly default: ComponentType<T> }>;
  readonly props: T;
  /** Stands in its place until it is here. */
  readonly waiting: ComponentChildren;
  /** What is said where it cannot be had. */
  readonly failed: (onRetry: () => void) => ComponentChildren;
}

/** What is drawn once its code is here. `load` has to be the same one each time. */
export function Later<T extends object>({ load, props, waiting, failed }: LaterProps<T>) {
  const [Content, setContent] = useState<ComponentType<T>>();
  const [isFailed, setFailed] = useState(false);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    load().then(
      (loaded) => setContent(() => loaded.default),
      () => setFailed(true),
    );
  }, [load, tries]);
  if (Content) return <Content {...props} />;
  if (!isFailed) return <>{waiting}</>;
  const retry = () => {
    setFailed(false);
    setTries(tries + 1);
  };
  return <>{failed(retry)}</>;
}
