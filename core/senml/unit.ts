/** Names of RFC 8428 (section 12.1) and RFC 8798 that differ from those of `core/units.ts`. */
const OURS: Readonly<Record<string, string>> = {
  Cel: '°C',
  '%RH': '%',
  '%EL': '%',
  '/100': '%',
  // A ratio from 0 to 1 under both names, in spite of what the second looks like (RFC 8428, note 1 of the table).
  '/': '1',
  '%': '1',
  'W/m2': 'W/m²',
  l: 'L',
  'l/s': 'L/s',
  lat: '°',
  lon: '°',
  deg: '°',
  'mg/l': 'mg/L',
  'ug/m3': 'µg/m³',
  pH: 'pH',
  m3: 'm³',
};

/** Our name for a unit of SenML; what has no other name keeps its own. `converter` of `core/units.ts` takes it on. */
export function unitOfSenml(unit: string): string {
  return Object.hasOwn(OURS, unit) ? OURS[unit]! : unit;
}
