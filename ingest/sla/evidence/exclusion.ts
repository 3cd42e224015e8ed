/** Some time of a link that somebody has taken out of its verdicts, or had planned to. UTC ms. */
export interface Exclusion {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isInForce: boolean;
  /** So it was when it began. What is in force and was not planned was entered by somebody who could know what it takes out. */
  readonly isPlanned: boolean;
}

export function overlapping<T extends Exclusion>(
  exclusions: readonly T[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly T[] {
  return exclusions.filter((one) => one.fromMs < toMs && one.toMs > fromMs);
}
