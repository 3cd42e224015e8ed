import type { NbiotConfig } from './config.ts';
import type { NbiotDevice } from './nbiot-device.ts';
import { createSession, type SessionState } from './session.ts';

/** A node with everything that is kept of it while the driver runs. */
export interface Node {
  readonly device: NbiotDevice;
  readonly session: SessionState;
  /** What it was posting from last, where it is not registered. */
  peer: string | undefined;
  readonly traffic: { received: number; sent: number; readings: number };
  /** Polling groups to be read when it is awake. */
  readonly wantedGroups: Set<string>;
  /** What is being done while it is awake, one thing after the other in each; what closes waits for nothing else. */
  readonly lanes: { work: Promise<void>; closes: Promise<void> };
  isWorking: boolean;
  isClosing: boolean;
  /** Resources that it has told and its profile does not have: said once, so that a wrong profile shows. */
  readonly unknownPaths: Set<string>;
}

/** Runs `work` after what is in the lane. Never rejects. */
export function runInTurn(
  { lanes }: Node,
  lane: keyof Node['lanes'],
  work: () => Promise<void>,
  fail: (thrown: unknown) => void,
): Promise<void> {
  lanes[lane] = lanes[lane].then(work).catch(fail);
  return lanes[lane];
}

export function createNode(config: NbiotConfig, device: NbiotDevice): Node {
  return {
    device,
    session: createSession({
      observedPaths: device.points.filter(({ observe }) => observe).map(({ path }) => path),
      awakeMs: config.awakeS * 1000,
      minLifetimeMs: config.lifetimeS.min * 1000,
      maxLifetimeMs: config.lifetimeS.max * 1000,
      goneAfterMs: device.goneAfterMs,
    }),
    peer: undefined,
    traffic: { received: 0, sent: 0, readings: 0 },
    wantedGroups: new Set(),
    lanes: { work: Promise.resolve(), closes: Promise.resolve() },
    isWorking: false,
    isClosing: false,
    unknownPaths: new Set(),
  };
}
