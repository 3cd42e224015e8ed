/** Burn rates are told for these windows, by the end of their field: `loss_burn_1h`. */
export const BURN_WINDOWS = {
  '5m': 300_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '3d': 259_200_000,
} as const;
export type BurnWindowName = keyof typeof BURN_WINDOWS;
