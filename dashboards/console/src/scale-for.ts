/** A scale with some air, at least `leastSpan` high, from zero where zero is near. */
export function scaleFor(low: number | null, high: number | null, leastSpan: number): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, leastSpan];
  const span = Math.max(high - low, leastSpan);
  const middle = (high + low) / 2;
  const [bottom, top] = [middle - span * 0.6, middle + span * 0.6];
  if (low >= 0 && low < high * 0.4) return [0, Math.max(top, leastSpan)];
  return low >= 0 && bottom < 0 ? [0, top - bottom] : [bottom, top];
}
