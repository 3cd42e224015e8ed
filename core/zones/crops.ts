/**
 * Crops and their stages, for zones, thresholds and templates: ids, with the names that people read. Apart from the schema of a zone,
 * because the console has no use for the library that schemas are made with.
 */
export interface Crop {
  readonly id: string;
  readonly en: string;
  readonly zh: string;
  readonly stages: readonly { readonly id: string; readonly en: string; readonly zh: string }[];
}

const INITIAL = { id: 'initial', en: 'initial', zh: '苗期' };
const DEVELOPMENT = { id: 'development', en: 'development', zh: '生长期' };
const MID = { id: 'mid', en: 'mid-season', zh: '盛期' };
const LATE = { id: 'late', en: 'late season', zh: '后期' };
/** The four stages of FAO Irrigation and Drainage Paper 56, chapter 6. */
const FAO_STAGES = [INITIAL, DEVELOPMENT, MID, LATE];

export const CROPS: readonly Crop[] = [
  { id: 'tomato', en: 'Tomato', zh: '番茄', stages: FAO_STAGES },
  { id: 'pepper', en: 'Sweet pepper', zh: '甜椒', stages: FAO_STAGES },
  { id: 'lettuce', en: 'Lettuce', zh: '生菜', stages: FAO_STAGES },
  { id: 'cucumber', en: 'Cucumber', zh: '黄瓜', stages: FAO_STAGES },
  { id: 'maize', en: 'Maize', zh: '玉米', stages: FAO_STAGES },
  { id: 'wheat', en: 'Winter wheat', zh: '冬小麦', stages: FAO_STAGES },
  { id: 'rice', en: 'Rice', zh: '水稻', stages: FAO_STAGES },
  { id: 'rapeseed', en: 'Rapeseed', zh: '油菜', stages: FAO_STAGES },
  { id: 'citrus', en: 'Citrus', zh: '柑橘', stages: FAO_STAGES },
  { id: 'grape', en: 'Grape', zh: '葡萄', stages: FAO_STAGES },
  { id: 'tea', en: 'Tea', zh: '茶', stages: FAO_STAGES },
];

/** By texture, coarse to fine. */
export const SOILS = ['sand', 'loamy-sand', 'sandy-loam', 'loam', 'silt-loam', 'clay-loam', 'clay'] as const;
export type Soil = (typeof SOILS)[number];

export const SOIL_NAMES: Readonly<Record<Soil, { readonly en: string; readonly zh: string }>> = {
  sand: { en: 'sand', zh: '砂土' },
  'loamy-sand': { en: 'loamy sand', zh: '壤质砂土' },
  'sandy-loam': { en: 'sandy loam', zh: '砂质壤土' },
  loam: { en: 'loam', zh: '壤土' },
  'silt-loam': { en: 'silt loam', zh: '粉砂壤土' },
  'clay-loam': { en: 'clay loam', zh: '黏壤土' },
  clay: { en: 'clay', zh: '黏土' },
};
