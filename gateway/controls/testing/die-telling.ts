import { systemClock } from '../../../core/clock.ts';
import { createLog } from '../../../core/log.ts';
import { CommandDesk } from '../command-desk.ts';

/** A gateway that is killed in the very moment in which it would hand an outcome to its outbox. */
const desk = new CommandDesk({
  clock: systemClock,
  log: createLog('silent'),
  isAllKept: () => false,
  emit: () => {
    process.kill(process.pid, 'SIGKILL');
  },
});
desk.open(process.argv[2]!);
const request = {
  ...{ id: 'one', device: 'valves', metric: 'irrigation/valve_state/v1', value: true },
  ...{ leaseMs: 60_000, expiresAtMs: 0, issuer: 'tester' },
};
desk.record(request);
desk.report(request, 'applied', { leaseEndsMs: 60_000 });
