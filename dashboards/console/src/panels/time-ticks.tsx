import { useBoard } from './board-context.ts';

const STEPS_MS = [
  ...[1, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 7, 14, 30].map((days) => days * 86_400_000),
];

/** The time axis of what is drawn without a chart library; at whole hours and days of the viewer's zone. */
export function TimeTicks() {
  const { span, locale } = useBoard();
  const lengthMs = span.toMs - span.fromMs;
  const step = STEPS_MS.find((ms) => lengthMs / ms <= 6) ?? STEPS_MS.at(-1)!;
  const offsetMs = -new Date(span.fromMs).getTimezoneOffset() * 60_000;
  const first = Math.ceil((span.fromMs + offsetMs) / step) * step - offsetMs;
  const ticks = Array.from(
    { length: Math.max(0, Math.ceil((span.toMs - first) / step)) },
    (_, index) => first + index * step,
  );
  return (
    <div class="ticks" aria-hidden="true">
      {ticks.map((timeMs) => (
        <span key={timeMs} style={{ left: `${(100 * (timeMs - span.fromMs)) / lengthMs}%` }}>
          {step >= 86_400_000 ? locale.day(timeMs) : locale.clock(timeMs)}
        </span>
      ))}
    </div>
  );
}
