import type { SluiceError } from '../../../core/errors.ts';
import { decodeContent, type PathValue } from '../../../core/lwm2m/content.ts';
import { formatPath, isUnder, type Path, parsePath } from '../../../core/lwm2m/path.ts';
import type { DriverContext, Sample } from '../../driver.ts';
import { pointAt } from './nbiot-device.ts';
import type { Node } from './node.ts';
import type { TimedSamples } from './readings.ts';

const MAX_UNKNOWN = 20;

/** What nodes tell, on its way to the gateway, with the count of what it cost on the air. */
export class NodeReadings {
  readonly #context: Pick<DriverContext, 'clock' | 'deliver' | 'log'>;

  constructor(context: Pick<DriverContext, 'clock' | 'deliver' | 'log'>) {
    this.#context = context;
  }

  /** The values that the profile wants; `path` is what was asked for, '' for a Send. Throws `PAYLOAD_INVALID`. */
  decode(node: Node, format: number | undefined, payload: Uint8Array, path: string): PathValue[] {
    const nowMs = this.#context.clock.nowMs();
    const asked = parsePath(path) ?? [];
    const typeOf = (one: Path) => {
      const point = pointAt(node.device, one);
      if (!point && !(asked.length > 0 && isUnder(one, asked))) this.tellUnknown(node, formatPath(one));
      return point?.type;
    };
    const root = node.session.registration?.root ?? '';
    return decodeContent({ format, payload, path: asked, root, typeOf, nowMs });
  }

  /** A wrong profile shows in what a node tells and nobody wants; each resource is told of once. */
  tellUnknown({ device, unknownPaths }: Node, path: string): void {
    if (unknownPaths.size >= MAX_UNKNOWN || unknownPaths.has(path)) return;
    unknownPaths.add(path);
    this.#context.log.warn(
      { device: device.spec.id, path },
      'A node tells a resource that its profile does not have; it is left out. Add it to the profile, or check that the profile is the right one',
    );
  }

  /** The node was heard: with these readings, or with none and perhaps a reason. */
  hear(node: Node, samples: readonly TimedSamples[], error?: SluiceError): void {
    if (samples.length > 0) {
      this.deliver(node, samples);
      return;
    }
    const { clock, deliver } = this.#context;
    const { id } = node.device.spec;
    const outcome = { device: id, timeMs: clock.nowMs(), isReached: true, samples: this.trafficOf(node) };
    deliver(error ? { ...outcome, error } : outcome);
  }

  /** Those of one time together; the count of bytes goes with the last. */
  deliver(node: Node, samples: readonly TimedSamples[]): void {
    const { id } = node.device.spec;
    samples.forEach(({ timeMs, samples: ofTime }, index) => {
      node.traffic.readings += ofTime.length;
      const isLast = index === samples.length - 1;
      const all = isLast ? [...ofTime, ...this.trafficOf(node)] : ofTime;
      this.#context.deliver({ device: id, timeMs, isReached: true, samples: all });
    });
  }

  /** What the node has cost so far. */
  trafficOf({ device, traffic: { received, sent, readings } }: Node): Sample[] {
    const { traffic } = device;
    return [
      { metric: traffic.received, value: received, quality: 'good' },
      { metric: traffic.sent, value: sent, quality: 'good' },
      ...(readings > 0
        ? [{ metric: traffic.perReading, value: (received + sent) / readings, quality: 'good' } as const]
        : []),
    ];
  }
}
