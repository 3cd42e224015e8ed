/** Some time of a link that somebody has taken out of its verdicts. UTC ms. */
export interface Exclusion {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Entered or changed after it began: whoever did so could know what it takes out. */
  readonly isRetroactive: boolean;
}

export function overlapping<T extends Exclusion>(
  exclusions: readonly T[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly T[] {
  return exclusions.filter((one) => one.fromMs < toMs && one.toMs > fromMs);
}
