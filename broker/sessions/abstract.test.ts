import assert from 'node:assert';
import suite from 'aedes-persistence/abstract.js';
import { test } from 'vitest';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { SESSION_LIMITS } from '../testing/session-limits.ts';
import { SessionStore } from './session-store.ts';

// What aedes itself asks of whatever keeps its sessions: the suite of its own authors.
suite({
  test: (name, run) => test(name, () => run({ assert, plan: () => {}, diagnostic: () => {} })),
  persistence: () => new SessionStore(SESSION_LIMITS, new FakeClock()),
  testAsync: true,
});
