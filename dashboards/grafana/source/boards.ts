import { farm } from './boards/farm.ts';
import type { Board } from './dashboard.ts';

export const BOARDS: readonly Board[] = [farm];
