import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useConsole } from '../console.ts';
import { useWords } from '../i18n/use-words.ts';
import type { Asked } from '../use-asked.ts';
import { Button } from './button.tsx';
import { problemOf } from './use-sending.ts';
import { PART_WORDS } from './words.ts';

const TICK_MS = 10_000;
/** A quick answer needs no word that it is awaited: it would only flicker. */
const PATIENCE_MS = 300;

export function Loading() {
  const words = useWords(PART_WORDS);
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="loading" aria-busy="true">
      <p role="status">{isShown && words.loading}</p>
      <div class="bone bone-strip" aria-hidden="true" />
    </div>
  );
}

/** Nothing there, and what to do about it. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <section class="card empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

interface FailureProps {
  readonly error: unknown;
  readonly onRetry?: () => unknown;
}

/** Nothing to show, and why. */
export function Failure({ error, onRetry }: FailureProps) {
  const words = useWords(PART_WORDS);
  return (
    <div class="banner">
      <p role="alert">
        <strong>{words.failed}.</strong> {problemOf(error, words).message}
      </p>
      {onRetry && <Button onClick={onRetry}>{words.tryAgain}</Button>}
    </div>
  );
}

interface AskedPartProps<T> {
  readonly asked: Asked<T>;
  readonly children: (answer: T) => ComponentChildren;
}

/** Draws what was asked for; says when it waits for it, cannot have it, or has only what was known before. */
export function AskedPart<T>({ asked, children }: AskedPartProps<T>) {
  const { answer, answeredMs, failure, again } = asked;
  if (answer === undefined)
    return failure ? <Failure error={failure.error} onRetry={() => void again()} /> : <Loading />;
  return (
    <>
      {failure && <StaleNote sinceMs={failure.sinceMs} answeredMs={answeredMs!} />}
      {children(answer)}
    </>
  );
}

/** That what is shown is old, how old, and since when nothing newer comes. */
function StaleNote({ sinceMs, answeredMs }: { readonly sinceMs: number; readonly answeredMs: number }) {
  const { locale } = useConsole();
  const words = useWords(PART_WORDS);
  const nowMs = useNow(TICK_MS);
  return (
    <p class="banner" role="status">
      {words.staleSince(locale.time(sinceMs, nowMs), locale.age(nowMs - answeredMs))}
    </p>
  );
}

/** The viewer's clock, redrawn every `everyMs`, so that what is told by it stays true. */
export function useNow(everyMs: number): number {
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}
