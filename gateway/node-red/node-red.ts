import type { RequestListener, Server } from 'node:http';
import { createRequire } from 'node:module';

/** The part of Node-RED's programming interface that is used here; the package brings no types. */
export interface NodeRed {
  init(server: Server, settings: Record<string, unknown>): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly httpAdmin: RequestListener;
  readonly httpNode: RequestListener;
  readonly events: {
    on(event: string, listener: (detail: never) => void): void;
    once(event: string, listener: () => void): void;
  };
  readonly hooks: { add(hook: string, handler: (detail: never) => void): void };
  readonly nodes: { getNode(id: string): { receive(msg: object): void } | null };
  readonly runtime: {
    readonly flows: {
      setFlows(request: { flows: { flows: readonly object[] }; deploymentType: string }): Promise<unknown>;
    };
  };
}

/** One for each process: Node-RED keeps its state in its modules. */
export const RED: NodeRed = createRequire(import.meta.url)('node-red');
