import { Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import type { Farm } from '../farm/farm.ts';

/** Where a meter sits: in a supply line, or behind it in the pipe of one zone. */
export const MeterPlace = {
  line: Type.Optional(
    Type.String({ pattern: ID_PATTERN, description: 'The supply line it sits in; the first where not set.' }),
  ),
  zone: Type.Optional(
    Type.String({ pattern: ID_PATTERN, description: 'Instead: the zone whose water alone it counts.' }),
  ),
};

interface Place {
  readonly line?: string;
  readonly zone?: string;
}

/** What flows there now, and has flowed since the start. */
export function meterAt(farm: Farm, { line, zone }: Place): { flowLPerMin: number; volumeL: number } {
  return zone === undefined ? farm.line(line) : farm.zone(zone);
}
