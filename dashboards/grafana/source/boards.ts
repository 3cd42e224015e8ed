import { backbone } from './boards/backbone.ts';
import { devices } from './boards/devices.ts';
import { farm } from './boards/farm.ts';
import { gateways } from './boards/gateways.ts';
import { link } from './boards/link.ts';
import { pipeline } from './boards/pipeline.ts';
import { weather } from './boards/weather.ts';
import { zone } from './boards/zone.ts';
import type { Board } from './dashboard.ts';

export const BOARDS: readonly Board[] = [farm, zone, weather, gateways, devices, backbone, link, pipeline];
