import type { ThresholdTemplate, ThresholdWish } from '../../core/thresholds/threshold.ts';
import { CROPS, type SOILS } from '../../core/zones/crops.ts';

/*
 * Nothing but published figures. Soil moisture: readily available water of FAO Irrigation and Drainage Paper 56 (Allen et al. 1998),
 * equation 83, with the depletion fraction p and the rooting depth of its Table 22, and the water content of soils in its
 * Table 19, whose ranges are taken in their middle. Water below θFC − p (θFC − θWP) is stress: the bound; half of the readily
 * available water refilled clears it. Table 19 has no clay loam, and p of rice is of saturation, so there is none of these. It makes no
 * difference between stages: Taylor and Ashcroft (1972) do, for the water potential at which roots begin to take up less.
 */

/** θFC and θWP, m³/m³: low and high end of the ranges of Table 19. */
const TABLE_19: Partial<
  Record<(typeof SOILS)[number], readonly [readonly number[], readonly number[], string]>
> = {
  sand: [[0.07, 0.17], [0.02, 0.07], '砂土'],
  'loamy-sand': [[0.11, 0.19], [0.03, 0.1], '壤砂土'],
  'sandy-loam': [[0.18, 0.28], [0.06, 0.16], '砂壤土'],
  loam: [[0.2, 0.3], [0.07, 0.17], '壤土'],
  'silt-loam': [[0.22, 0.36], [0.09, 0.21], '粉壤土'],
  clay: [[0.32, 0.4], [0.2, 0.24], '黏土'],
};

/** Crop: its line of Table 22, rooting depth in m, p. */
const TABLE_22: Record<string, readonly [line: string, roots: string, p: number]> = {
  tomato: ['Tomato', '0.7–1.5', 0.4],
  pepper: ['Sweet peppers (bell)', '0.5–1.0', 0.3],
  lettuce: ['Lettuce', '0.3–0.5', 0.3],
  cucumber: ['Cucumber, fresh market', '0.7–1.2', 0.5],
  maize: ['Maize, field (grain)', '1.0–1.7', 0.55],
  wheat: ['Winter wheat', '1.5–1.8', 0.55],
  rapeseed: ['Rapeseed, canola', '1.0–1.5', 0.6],
  citrus: ['Citrus, 70 % canopy', '1.2–1.5', 0.5],
  grape: ['Grapes, table or raisin', '1.0–2.0', 0.35],
  tea: ['Tea, non-shaded', '0.9–1.5', 0.4],
};

/** Crop: ECw in µS/cm at which the whole yield is possible, and 90 % of it. */
const FAO_29_TABLE_4: Record<string, readonly [whole: number, most: number]> = {
  tomato: [1_700, 2_300],
  pepper: [1_000, 1_500],
  lettuce: [900, 1_400],
  cucumber: [1_700, 2_200],
  maize: [1_100, 1_700],
  wheat: [4_000, 4_900],
  rice: [2_000, 2_600],
  citrus: [1_100, 1_600],
  grape: [1_000, 1_700],
};

/** Where the roots of a crop begin to take up less water, cm of pressure head, while the air asks for much and while it asks for little. */
interface PressureHeads {
  readonly crop: string;
  /** Absent where the table has one line for the whole season. */
  readonly stages?: readonly string[];
  readonly line: string;
  readonly high: number;
  readonly low: number;
}

/** As the manual of SWAP (Wageningen) prints it. It names no stage between growth and ripening, and its lines of citrus contradict each other. */
const TAYLOR_ASHCROFT: readonly PressureHeads[] = [
  { crop: 'lettuce', line: 'Lettuce', high: -400, low: -600 },
  { crop: 'tomato', line: 'Tomatoes', high: -800, low: -1_500 },
  {
    ...{ crop: 'maize', stages: ['initial', 'development'] },
    ...{ line: 'Corn, vegetative period', high: -500, low: -500 },
  },
  { crop: 'maize', stages: ['late'], line: 'Corn, during ripening', high: -8_000, low: -12_000 },
  {
    ...{ crop: 'wheat', stages: ['initial', 'development'] },
    ...{ line: 'Small grains, vegetative period', high: -400, low: -500 },
  },
  { crop: 'wheat', stages: ['late'], line: 'Small grains, during ripening', high: -8_000, low: -12_000 },
  { crop: 'grape', stages: ['initial'], line: 'Grapes, early season', high: -400, low: -500 },
  { crop: 'grape', stages: ['late'], line: 'Grapes, during maturity', high: -1_000, low: -1_000 },
];
const KPA_PER_CM = 0.0980665;

interface Temperatures {
  readonly crop: string;
  readonly low?: readonly [raise: number, clear: number];
  readonly high?: readonly [raise: number, clear: number];
  readonly says: string;
}

/** Doorenbos and Kassam 1979. What it says of daily means, as for the germination of maize, is no bound for readings. */
const FAO_33: readonly Temperatures[] = [
  {
    crop: 'citrus',
    low: [13, 15],
    high: [38, 36],
    says: 'growth is markedly reduced above 38 °C and below 13 °C',
  },
  { crop: 'tomato', low: [10, 12], says: 'night temperatures between 10 and 20 °C' },
];

export const TEMPLATES: readonly ThresholdTemplate[] = [
  ...Object.keys(TABLE_22).flatMap((crop) => Object.keys(TABLE_19).map((soil) => moisture(crop, soil))),
  ...TAYLOR_ASHCROFT.flatMap((heads) =>
    (heads.stages ?? [undefined]).map((stage) => potential(heads, stage)),
  ),
  ...Object.keys(FAO_29_TABLE_4).map(salinity),
  ...FAO_33.map(temperature),
];

function moisture(crop: string, soil: string): ThresholdTemplate {
  const [line, roots, p] = TABLE_22[crop]!;
  const [fieldCapacity, wiltingPoint, soilZh] = TABLE_19[soil as (typeof SOILS)[number]]!;
  const [fc, wp] = [100 * middle(fieldCapacity), 100 * middle(wiltingPoint)];
  const raise = tenth(fc - p * (fc - wp));
  const source =
    `FAO-56 (1998), Table 22, ${line}: p = ${p}, roots ${roots} m; Table 19, ${soil.replace('-', ' ')}: ` +
    `θFC ${tenth(fc)} %, θWP ${tenth(wp)} % (middle of the range); eq. 83`;
  return template({
    id: `${crop}-moisture-${soil}`,
    ...{ crop, soil, source },
    title: {
      en: `Soil moisture on ${soil.replace('-', ' ')}: readily available water`,
      zh: `土壤水分下限（${soilZh}）：易利用水量`,
    },
    thresholds: [
      wish({ crop }, ['soil', 'moisture'], { low: { raise, clear: tenth(fc - (p / 2) * (fc - wp)) } }, 1_800),
    ],
  });
}

function potential({ crop, line, high, low }: PressureHeads, stage: string | undefined): ThresholdTemplate {
  const [clear, raise] = [tenth(high * KPA_PER_CM), tenth(low * KPA_PER_CM)];
  const ofStage = stage === undefined ? {} : { stage };
  const rule = { low: { raise, clear } };
  return template({
    id: stage === undefined ? `${crop}-water-potential` : `${crop}-water-potential-${stage}`,
    crop,
    ...ofStage,
    source: `Taylor and Ashcroft (1972), in the manual of SWAP, Table G.1, ${line}: ${high} cm at high, ${low} cm at low transpiration`,
    title: { en: 'Soil water potential: roots take up less', zh: '土壤水势下限：根系吸水受限' },
    thresholds: [wish({ crop, ...ofStage }, ['soil', 'water_potential'], rule, 1_800)],
  });
}

function salinity(crop: string): ThresholdTemplate {
  const [clear, raise] = FAO_29_TABLE_4[crop]!;
  return template({
    id: `${crop}-water-ec`,
    crop,
    source: `FAO-29 rev. 1 (Ayers and Westcot 1985), Table 4: ECw ${clear / 1000} dS/m for all, ${raise / 1000} dS/m for 90 % of the yield`,
    title: { en: 'Salinity of irrigation water', zh: '灌溉水盐度上限' },
    thresholds: [wish({ crop }, ['water', 'ec'], { high: { raise, clear } }, 600)],
  });
}

function temperature({ crop, low, high, says }: Temperatures): ThresholdTemplate {
  const bounds = {
    ...(low && { low: { raise: low[0], clear: low[1] } }),
    ...(high && { high: { raise: high[0], clear: high[1] } }),
  };
  return template({
    id: `${crop}-air-temperature`,
    crop,
    source: `FAO-33 (Doorenbos and Kassam 1979), ${crop}: ${says}`,
    title: { en: 'Air temperature', zh: '气温界限' },
    thresholds: [wish({ crop }, ['weather', 'air_temperature'], bounds, 3_600)],
  });
}

/** Its crop before the title, and where it is from in each of its thresholds. */
function template(parts: ThresholdTemplate): ThresholdTemplate {
  const { id, source, title } = parts;
  const crop = CROPS.find((one) => one.id === parts.crop)!;
  return {
    ...parts,
    title: { en: `${crop.en}: ${title.en}`, zh: `${crop.zh}：${title.zh}` },
    thresholds: parts.thresholds.map((one) => ({ ...one, source, template: id })),
  };
}

function wish(
  scope: ThresholdWish['scope'],
  [measurement, field]: readonly [string, string],
  bounds: Omit<Extract<ThresholdWish['rule'], { kind: 'bounds' }>, 'kind'>,
  forS: number,
): ThresholdWish {
  const rule = { kind: 'bounds', ...bounds } as const;
  return { measurement, field, scope, rule, forS, severity: 'warning', enabled: true };
}

function middle([low, high]: readonly number[]): number {
  return (low! + high!) / 2;
}

function tenth(value: number): number {
  return Math.round(10 * value) / 10;
}
