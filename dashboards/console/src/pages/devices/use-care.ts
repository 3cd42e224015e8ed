import { useEffect, useRef, useState } from 'preact/hooks';
import { useConsole } from '../../console.ts';
import { type Care, type CareAction, pathOf } from './api.ts';

const LOOK_EVERY_MS = 1_000;
/** A probe of a slow device, and the way there and back. New settings may take longer: their outcome is in the history. */
const PATIENCE_MS = 120_000;

export interface CareWork {
  /** What is under way, or was last. */
  readonly last: Care | undefined;
  readonly isWaiting: boolean;
  readonly error: unknown;
  ask(action: CareAction, more?: Readonly<Record<string, unknown>>): Promise<Care | undefined>;
}

/** Asks something of a gateway itself and waits for what comes of it, one at a time, while the page is open. */
export function useCare(place: { readonly site: string; readonly gateway: string }): CareWork {
  const { api } = useConsole();
  const [last, setLast] = useState<Care>();
  const [isWaiting, setWaiting] = useState(false);
  const [error, setError] = useState<unknown>();
  const isGone = useRef(false);
  useEffect(
    () => () => {
      isGone.current = true;
    },
    [],
  );
  async function ask(action: CareAction, more: Readonly<Record<string, unknown>> = {}) {
    if (isWaiting) return undefined;
    setWaiting(true);
    setError(undefined);
    try {
      let care = await api.send<Care>('POST', `${pathOf(place)}/care`, { action, ...more });
      const untilMs = Date.now() + PATIENCE_MS;
      setLast(care);
      while (care.state === 'pending' && Date.now() < untilMs && !isGone.current) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
        care = await api.get<Care>(`${pathOf(place)}/care/${encodeURIComponent(care.id)}`);
        setLast(care);
      }
      return care;
    } catch (thrown) {
      setError(thrown);
      return undefined;
    } finally {
      setWaiting(false);
    }
  }
  return { last, isWaiting, error, ask };
}
