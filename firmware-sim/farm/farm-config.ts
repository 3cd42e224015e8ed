import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import { FarmFault } from './farm-faults.ts';

const closed = { additionalProperties: false } as const;

const PlaceConfig = Type.Object(
  {
    latitudeDeg: Type.Number({ minimum: -66, maximum: 66, default: 22.5, description: 'North is positive.' }),
    longitudeDeg: Type.Number({
      minimum: -180,
      maximum: 180,
      default: 113.4,
      description: 'East is positive.',
    }),
    elevationM: Type.Number({ minimum: -400, maximum: 5000, default: 10 }),
  },
  { ...closed, default: {}, description: 'Where the farm lies: decides sun, season and air pressure.' },
);

const ClimateConfig = Type.Object(
  {
    meanTemperatureC: Type.Number({ minimum: -20, maximum: 40, default: 22.5 }),
    seasonalSwingC: Type.Number({
      minimum: 0,
      maximum: 30,
      default: 7,
      description: 'Warmest month above the year’s mean.',
    }),
    dailySwingC: Type.Number({
      minimum: 0,
      maximum: 20,
      default: 4.5,
      description: 'Afternoon above the day’s mean.',
    }),
    meanWindMPerS: Type.Number({ minimum: 0, maximum: 20, default: 2 }),
    rainyDayShare: Type.Number({ minimum: 0, maximum: 1, default: 0.3 }),
    meanRainMm: Type.Number({ minimum: 0, maximum: 200, default: 8, description: 'Of a rainy day.' }),
  },
  {
    ...closed,
    default: {},
    description: 'Weather around which the days vary; the default is the Pearl River delta.',
  },
);

const SupplyConfig = Type.Object(
  {
    pressureKPa: Type.Number({
      exclusiveMinimum: 0,
      maximum: 2000,
      default: 300,
      description: 'With no water flowing.',
    }),
    pressureAtRatedFlowKPa: Type.Number({
      exclusiveMinimum: 0,
      maximum: 2000,
      default: 220,
      description: 'At the meter while `ratedFlowLPerMin` flows.',
    }),
    ratedFlowLPerMin: Type.Number({ exclusiveMinimum: 0, maximum: 100_000, default: 80 }),
    ecUsPerCm: Type.Number({
      minimum: 0,
      maximum: 20_000,
      default: 600,
      description: 'Of the irrigation water.',
    }),
  },
  { ...closed, default: {}, description: 'The main: its pressure falls with the square of the flow.' },
);

const PumpConfig = Type.Object(
  {
    ratedHz: Type.Number({
      exclusiveMinimum: 0,
      maximum: 400,
      default: 50,
      description: 'Frequency at which the pump gives what `supply` says; pressure goes with its square.',
    }),
    ratedCurrentA: Type.Number({ exclusiveMinimum: 0, maximum: 2000, default: 8 }),
    rampHzPerS: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1000,
      default: 10,
      description: 'How fast its drive runs up and down.',
    }),
  },
  closed,
);

const TankConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN }),
    capacityL: Type.Number({ exclusiveMinimum: 0, maximum: 1e9, default: 5000 }),
    heightM: Type.Number({
      exclusiveMinimum: 0,
      maximum: 50,
      default: 2,
      description: 'Of the water when full.',
    }),
    initialPct: Type.Number({ minimum: 0, maximum: 100, default: 80 }),
    refillLPerMin: Type.Number({ minimum: 0, maximum: 100_000, default: 40, description: 'From its well.' }),
    refillBelowPct: Type.Number({ minimum: 0, maximum: 100, default: 40 }),
    refillToPct: Type.Number({ minimum: 0, maximum: 100, default: 90 }),
  },
  closed,
);

const LineConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN }),
    supply: SupplyConfig,
    pump: Type.Optional(PumpConfig),
    tank: Type.Optional(Type.String({ pattern: ID_PATTERN, description: 'The tank that it draws from.' })),
  },
  { ...closed, description: 'With a pump, `supply` is what the pump gives at its rated frequency.' },
);

const ZoneConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN }),
    line: Type.Optional(
      Type.String({
        pattern: ID_PATTERN,
        description: 'The supply line that feeds it; the first where not set.',
      }),
    ),
    areaM2: Type.Number({ exclusiveMinimum: 0, maximum: 1e7 }),
    valveFlowLPerMin: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100_000,
      description: 'Through the fully open valve at 200 kPa in the main.',
    }),
    valveTravelS: Type.Number({
      exclusiveMinimum: 0,
      maximum: 300,
      default: 4,
      description: 'From closed to open.',
    }),
    rootDepthM: Type.Number({ minimum: 0.05, maximum: 3, default: 0.3 }),
    saturationPct: Type.Number({ minimum: 20, maximum: 80, default: 45 }),
    fieldCapacityPct: Type.Number({ minimum: 3, maximum: 60, default: 30 }),
    wiltingPointPct: Type.Number({ minimum: 1, maximum: 40, default: 13 }),
    initialMoisturePct: Type.Number({ minimum: 1, maximum: 80, default: 26 }),
    infiltrationMmPerH: Type.Number({ exclusiveMinimum: 0, maximum: 1000, default: 20 }),
    drainageH: Type.Number({
      exclusiveMinimum: 0,
      maximum: 500,
      default: 8,
      description: 'Water above field capacity falls to 1/e in this time.',
    }),
    cropCoefficient: Type.Number({ minimum: 0, maximum: 2, default: 1, description: 'Kc of FAO-56.' }),
    depletionFraction: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.5,
      description: 'p of FAO-56: the share of the available water that the crop takes without stress.',
    }),
  },
  closed,
);

export const FarmConfig = Type.Object(
  {
    place: PlaceConfig,
    climate: ClimateConfig,
    supply: SupplyConfig,
    lines: Type.Array(LineConfig, {
      default: [],
      description: 'Supply lines; where there are none, `supply` feeds one line with the id "main".',
    }),
    tanks: Type.Array(TankConfig, { default: [] }),
    zones: Type.Array(ZoneConfig, { default: [] }),
    faults: Type.Array(FarmFault, {
      default: [],
      description: 'What breaks in valves and pipes, and when. Named fault-1, fault-2, … in this order.',
    }),
  },
  { ...closed, description: 'The simulated farm: supply lines, and a valve and a root zone for each zone.' },
);

export type FarmConfig = Static<typeof FarmConfig>;
export type LineConfig = FarmConfig['lines'][number];
export type PumpConfig = Static<typeof PumpConfig>;
export type TankConfig = FarmConfig['tanks'][number];
export type Climate = FarmConfig['climate'];
export type Supply = FarmConfig['supply'];
export type ZoneConfig = FarmConfig['zones'][number];

/** The supply lines as they stand: those that are set, or the one that every farm has. */
export function linesOf(config: Pick<FarmConfig, 'lines' | 'supply'>): readonly LineConfig[] {
  return config.lines.length > 0 ? config.lines : [{ id: 'main', supply: config.supply }];
}
