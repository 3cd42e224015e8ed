import type { SessionLimits } from '../sessions/session-store.ts';

/** For tests: as large as the settings allow by default. */
export const SESSION_LIMITS: SessionLimits = {
  maxSessions: 10_000,
  sessionExpiryS: 604_800,
  maxQueuedMessages: 50_000,
  maxQueuedBytes: 67_108_864,
  maxQueuedBytesInAll: 268_435_456,
  maxInFlight: 1_000,
  maxSubscriptions: 1_000,
  maxRetainedMessages: 100_000,
  maxRetainedBytes: 67_108_864,
};
