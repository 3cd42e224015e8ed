import { useView } from '../view.ts';

/** The shape of the page before its first values. */
export function Skeleton() {
  const { words } = useView().locale;
  return (
    <div class="skeleton" aria-busy="true">
      <p class="hidden" role="status">
        {words.loading}
      </p>
      <div class="bone bone-strip" />
      <div class="cards">
        <div class="bone bone-card" />
        <div class="bone bone-card" />
        <div class="bone bone-card" />
      </div>
    </div>
  );
}

/** A server that answers, and a farm that has not said anything yet. */
export function NoReadings() {
  const { words } = useView().locale;
  return (
    <section class="card empty">
      <h2>{words.noReadings}</h2>
      <p role="status">{words.noReadingsText}</p>
    </section>
  );
}
