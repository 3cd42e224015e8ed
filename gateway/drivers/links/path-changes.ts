/** The way of one flow, by the hops that were left on arrival there and here. */
export interface PathState {
  readonly ttlForward: number;
  readonly ttlReturn: number;
  /** Another way that was seen last, and how often in a row. */
  readonly other:
    | { readonly ttlForward: number; readonly ttlReturn: number; readonly seen: number }
    | undefined;
}

export const ABSENT_PATH: PathState = { ttlForward: 0, ttlReturn: 0, other: undefined };

/**
 * So many answers in a row must have come another way until the path has changed: where routers spread packets one by one, each
 * answer may come another way, and the path is the same.
 */
const SEEN_TO_CHANGE = 3;

/** The next answer of this flow; 0 where the hops were not seen. Each flow is for itself, for equal-cost paths differ. */
export function stepPath(
  state: PathState,
  ttlForward: number,
  ttlReturn: number,
): { readonly path: PathState; readonly hasChanged: boolean } {
  const isSame = (one: { ttlForward: number; ttlReturn: number }) =>
    one.ttlForward === ttlForward && one.ttlReturn === ttlReturn;
  if (isSame(state)) return { path: { ...state, other: undefined }, hasChanged: false };
  const way = { ttlForward, ttlReturn };
  if (state.ttlForward === 0 && state.ttlReturn === 0)
    return { path: { ...way, other: undefined }, hasChanged: false };
  const seen = state.other && isSame(state.other) ? state.other.seen + 1 : 1;
  if (seen < SEEN_TO_CHANGE) return { path: { ...state, other: { ...way, seen } }, hasChanged: false };
  return { path: { ...way, other: undefined }, hasChanged: true };
}
