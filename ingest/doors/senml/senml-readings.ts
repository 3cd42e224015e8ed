import { resolveRecords } from '../../../core/senml/resolve-records.ts';
import type { ResolvedRecord, SenmlLimits } from '../../../core/senml/senml.ts';
import { decodeSenmlCbor } from '../../../core/senml/senml-cbor.ts';
import { decodeSenmlJson } from '../../../core/senml/senml-json.ts';
import { unitOfSenml } from '../../../core/senml/unit.ts';
import type { MetricValue } from '../../../core/sparkplug/payload.ts';
import type { DoorReading } from '../door-reading.ts';

/** 2^28 s: a smaller time is relative to now (RFC 8428, 4.5.3). */
const ABSOLUTE_FROM_MS = 268_435_456_000;

export interface SenmlSender {
  readonly site: string;
  readonly gateway: string;
  readonly device: string;
}

/**
 * The readings of a SenML pack. MQTT 3.1.1 names no content type, so the first byte tells: a pack in CBOR is a list or a
 * tag (80 and above), one in JSON begins with "[" or a blank.
 *
 * Throws `PAYLOAD_INVALID` where the pack as a whole is none; whatever is wrong with one record is left for the checks
 * that every reading passes.
 */
export function senmlReadings(
  bytes: Uint8Array,
  sender: SenmlSender,
  names: Readonly<Record<string, string>>,
  nowMs: number,
  limits?: SenmlLimits,
): DoorReading[] {
  const decode = (bytes[0] ?? 0) >= 0x80 ? decodeSenmlCbor : decodeSenmlJson;
  // Resolved against 0, so that what is relative can be told from what is not: only the latter is the same in a repeat.
  return resolveRecords(decode(bytes, limits), 0).flatMap((record, index) => {
    const { timeMs = 0, unit: given, value, sum } = record;
    const isTimed = timeMs >= ABSOLUTE_FROM_MS;
    const name = metricName(record.name, sender.device, names);
    const time = { timeMs: isTimed ? timeMs : nowMs + timeMs, isTimed, at: index + 1 };
    const unit = unitOfSenml(given);
    const readings: DoorReading[] = [];
    if (value !== undefined || sum === undefined) {
      readings.push({ ...sender, ...time, name, unit, value: storable(value) });
    }
    // The value integrated over time (RFC 8428, 4.2): a quantity of its own.
    if (sum !== undefined) {
      readings.push({ ...sender, ...time, name: `${name}:sum`, unit: unit && `${unit}·s`, value: sum });
    }
    return readings;
  });
}

/**
 * The name of a record without the part that names its device, as that is in the topic: of `urn:dev:mac:01:soil/ec`
 * from the device `01` it is `soil/ec`. A name of another device stays whole, so that no two become one series.
 */
function metricName(full: string, device: string, names: Readonly<Record<string, string>>): string {
  const bare = withoutDevice(full, device);
  if (Object.hasOwn(names, full)) return names[full]!;
  return Object.hasOwn(names, bare) ? names[bare]! : bare;
}

function withoutDevice(full: string, device: string): string {
  const end = full.indexOf(device) + device.length;
  const isNamed = end >= device.length && /^(|.*[:/])$/.test(full.slice(0, end - device.length));
  return isNamed && /^[:/]./.test(full.slice(end)) ? full.slice(end + 1) : full;
}

function storable(value: ResolvedRecord['value']): MetricValue {
  return value instanceof Uint8Array ? undefined : value;
}
