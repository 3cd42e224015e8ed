import { findQuantity, type Quantity } from '../../../core/quantities.ts';

/** Grafana's ids of units that it scales by itself; all others are written behind the number as they are. */
const IDS: Readonly<Record<string, string>> = {
  '': 'none',
  '%': 'percent',
  '1': 'percentunit',
  ms: 'ms',
  s: 's',
  B: 'decbytes',
  MB: 'decmbytes',
};

export function unitId(unit: string): string {
  return IDS[unit] ?? `suffix:${unit}`;
}

/** Throws where the catalogue has no such quantity: a dashboard must not ask for what nobody writes. */
export function quantity(measurement: string, field: string): Quantity {
  const found = findQuantity(measurement, field);
  if (!found) throw new Error(`${measurement}/${field} is not in the catalogue of quantities`);
  return found;
}
