import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { FaultConfig } from '../faults.ts';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { createFertigationController, FertigationControllerOptions } from './fertigation-controller.ts';
import { createFlowMeter, FlowMeterOptions } from './flow-meter.ts';
import { createLeafWetness, LeafWetnessOptions } from './leaf-wetness.ts';
import { createPressureTransmitter, PressureTransmitterOptions } from './pressure-transmitter.ts';
import { createPulseWaterMeter, PulseWaterMeterOptions } from './pulse-water-meter.ts';
import { createPumpDrive, PumpDriveOptions } from './pump-drive.ts';
import { createRainGauge, RainGaugeOptions } from './rain-gauge.ts';
import { createSoil7in1 } from './soil-7in1.ts';
import { createSoilSensor, SoilSensorOptions } from './soil-sensor.ts';
import { createTankLevel, TankLevelOptions } from './tank-level.ts';
import { createValveController, ValveControllerOptions } from './valve-controller.ts';
import { createWeatherStation, WeatherStationOptions } from './weather-station.ts';

interface DeviceKind<T extends TObject> {
  readonly options: T;
  create(options: Static<T>, surroundings: DeviceSurroundings): SlaveDevice;
}

function kind<T extends TObject>(options: T, create: DeviceKind<T>['create']): DeviceKind<T> {
  return { options, create };
}

/** Every kind of simulated device, by the name that the gateway's profile of it has. */
const KINDS = {
  'soil-moisture-temperature-ec': kind(SoilSensorOptions, createSoilSensor),
  'valve-controller-8': kind(ValveControllerOptions, createValveController),
  'flow-meter': kind(FlowMeterOptions, createFlowMeter),
  'weather-station': kind(WeatherStationOptions, createWeatherStation),
  'soil-7in1': kind(SoilSensorOptions, createSoil7in1),
  'rain-gauge': kind(RainGaugeOptions, createRainGauge),
  'leaf-wetness': kind(LeafWetnessOptions, createLeafWetness),
  'pulse-water-meter': kind(PulseWaterMeterOptions, createPulseWaterMeter),
  'pressure-transmitter': kind(PressureTransmitterOptions, createPressureTransmitter),
  'tank-level': kind(TankLevelOptions, createTankLevel),
  'fertigation-controller': kind(FertigationControllerOptions, createFertigationController),
  'pump-drive': kind(PumpDriveOptions, createPumpDrive),
};

type Kinds = typeof KINDS;
export type KindName = keyof Kinds;
export const DEVICE_KINDS = Object.keys(KINDS) as readonly KindName[];

const OnBus = Type.Object({
  unit: Type.Integer({ minimum: 1, maximum: 247, description: 'Its address on the bus.' }),
  answerDelayMs: Type.Optional(
    Type.Number({ minimum: 0, maximum: 10_000, description: 'Time that it takes to think of each answer.' }),
  ),
  faults: Type.Optional(Type.Array(FaultConfig, { description: 'What is wrong with it from the start.' })),
});

export type DeviceConfig = {
  [K in KindName]: { kind: K } & Static<typeof OnBus> & Static<Kinds[K]['options']>;
}[KindName];

/** One schema for all kinds: `kind` decides which options belong to it. */
export const DeviceConfig = Type.Unsafe<DeviceConfig>({
  type: 'object',
  properties: { kind: { type: 'string' } },
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: Object.entries(KINDS).map(([name, { options }]) =>
    Type.Object(
      { kind: Type.Literal(name), ...OnBus.properties, ...(options.properties as Record<string, TSchema>) },
      { additionalProperties: false },
    ),
  ),
});

export function createDevice(config: DeviceConfig, surroundings: DeviceSurroundings): SlaveDevice {
  // The schema has paired the options with their kind; the compiler cannot follow that through the map.
  const { create } = KINDS[config.kind] as DeviceKind<TObject>;
  const device = create(config, surroundings);
  device.setFaults?.(config.faults ?? []);
  return device;
}
