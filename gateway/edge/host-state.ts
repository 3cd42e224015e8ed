/**
 * A host application's STATE payload: `{"online": true, "timestamp": 1700000000000}`
 * (tck-id-host-topic-phid-birth-payload). `undefined` where it is anything else.
 */
export function parseHostState(text: string): { isOnline: boolean; timeMs: number } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { online, timestamp } = value as { online?: unknown; timestamp?: unknown };
  if (typeof online !== 'boolean' || typeof timestamp !== 'number') return undefined;
  return { isOnline: online, timeMs: timestamp };
}
