export const WINDOWS_MS = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
} as const;

export type WindowName = keyof typeof WINDOWS_MS;
export const WINDOW_NAMES = Object.keys(WINDOWS_MS) as WindowName[];

export function windowOf(text: string | null): WindowName {
  return WINDOW_NAMES.find((name) => name === text) ?? '24h';
}

const STEP_MS = 60_000;

/** `from=…&to=…` up to now, the same for a minute so that what is drawn and what is asked agree. */
export function rangeQuery(name: WindowName, nowMs: number): string {
  const toMs = Math.ceil(nowMs / STEP_MS) * STEP_MS;
  return `from=${toMs - WINDOWS_MS[name]}&to=${toMs}`;
}
