import { seedFor } from '../farm/random.ts';
import type { LoadConfig } from './load-config.ts';

/** What decides every reading of a fleet. */
export interface LoadPlan
  extends Pick<LoadConfig, 'gateways' | 'devices' | 'metrics' | 'everyMs' | 'impossibleEvery'> {
  readonly seed: number;
  /** UTC, of the fleet's first message. */
  readonly startMs: number;
}

/** One numbered reading, as the store must hold it; one that is impossible must be refused. */
export interface LoadReading {
  readonly gateway: string;
  readonly device: string;
  readonly point: string;
  readonly timeMs: number;
  readonly value: number;
}

/** The same for every seed: what a reading is called follows from its number. */
export const LOAD_QUANTITY = { measurement: 'soil', field: 'moisture', unit: '%' } as const;

export function gatewayId(gateway: number): string {
  return `gw-${String(gateway).padStart(5, '0')}`;
}

export function ledgerId({ seed, startMs }: LoadPlan, gateway: number): string {
  const half = (label: string) => (seedFor(seed, label) >>> 0).toString(16).padStart(8, '0');
  return `${half(`ledger ${startMs} ${gateway}`)}${half(`${gateway} ledger ${startMs}`)}`;
}

/**
 * When message `message` of a gateway is due, UTC in whole ms. The gateways follow each other evenly, so that the load is
 * even; each gateway's devices take turns.
 */
export function messageTimeMs(plan: LoadPlan, gateway: number, message: number): number {
  const { everyMs, devices, gateways, startMs } = plan;
  return startMs + Math.round((everyMs / devices) * (message + gateway / gateways));
}

/** The reading of a gateway that has `number` in its ledger: a function of the plan alone, for comparing with the store. */
export function loadReading(plan: LoadPlan, gateway: number, number: number): LoadReading {
  const message = Math.floor(number / plan.metrics);
  return {
    gateway: gatewayId(gateway),
    device: `dev-${message % plan.devices}`,
    point: `p${number % plan.metrics}`,
    timeMs: messageTimeMs(plan, gateway, message),
    value: isImpossible(plan, number) ? IMPOSSIBLE : loadValue(plan.seed, gateway, number),
  };
}

/** %, of a soil that is more than water. */
const IMPOSSIBLE = 150;

export function isImpossible({ impossibleEvery }: LoadPlan, number: number): boolean {
  return impossibleEvery > 0 && number % impossibleEvery === impossibleEvery - 1;
}

/** Two digits after the point, from 0 to 99.99. */
export function loadValue(seed: number, gateway: number, number: number): number {
  return ((seedFor(seed ^ Math.imul(gateway + 1, 0x9e3779b1), String(number)) >>> 0) % 10_000) / 100;
}
