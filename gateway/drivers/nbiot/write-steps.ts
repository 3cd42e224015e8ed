import type { ResourceType, ResourceValue } from '../../../core/lwm2m/value.ts';
import { formatMetricName } from '../../../core/sparkplug/metric-name.ts';
import type { MetricSpec } from '../../driver.ts';
import type { QueuedCommand } from './command-queue.ts';
import type { Point } from './nbiot-device.ts';

/** One request of a command. */
export type WriteStep =
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly type: ResourceType;
      readonly value: ResourceValue;
    }
  | { readonly kind: 'execute'; readonly path: string };

/**
 * The timer first, so that what opens also closes if all else fails; then the command. The lease has run since the
 * command was given, not since the node woke up. `undefined` where it is too late, or no whole unit of the lease is left.
 */
export function writeSteps({ write }: Point, command: QueuedCommand, nowMs: number): WriteStep[] | undefined {
  const { value, leaseMs, fromMs, expiresMs } = command;
  // A clock that went back since says nothing about how late it is.
  if (!write || nowMs >= expiresMs || nowMs < fromMs) return undefined;
  const steps: WriteStep[] = [];
  if (leaseMs > 0) {
    const leftMs = leaseMs - (nowMs - fromMs);
    if (leftMs <= 0) return undefined;
    if (write.timer) {
      const { path, type, unitMs } = write.timer;
      const units = Math.floor(leftMs / unitMs);
      if (units < 1) return undefined;
      steps.push({ kind: 'write', path, type, value: units });
    }
  }
  if (write.execute) steps.push({ kind: 'execute', path: value ? write.execute.on : write.execute.off });
  else steps.push({ kind: 'write', path: write.path, type: write.type, value: write.encode(value) });
  return steps;
}

/** As it is called on the wire, without the device. */
export function metricName({ quantity: { measurement, field }, point }: MetricSpec): string {
  return formatMetricName({ measurement, field, point });
}

/** Whether a device holds what it was told: a float of four bytes keeps seven digits. */
export function sameValue(held: number | boolean, told: number | boolean): boolean {
  const [one, other] = [Number(held), Number(told)];
  return Math.abs(one - other) <= 1e-6 * Math.max(1, Math.abs(one), Math.abs(other));
}
