import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { eventually } from '../../../core/testing/eventually.ts';
import { RED } from '../node-red.ts';
import { nodeRedSettings } from '../settings.ts';

export type Message = Record<string, unknown>;
export type FlowNode = Record<string, unknown> & { readonly id: string; readonly type: string };

export interface Status {
  readonly fill?: string;
  readonly shape?: string;
  readonly text?: string;
}

/** The real Node-RED with our nodes, for the tests of one file: what nodes send, show and complain of is kept. */
export class Runtime {
  url = '';
  readonly #sent: { readonly id: string; readonly output: number; readonly msg: Message }[] = [];
  readonly #status = new Map<string, Status>();
  readonly complaints: string[] = [];

  /** Starts before the first test of the file that calls it, and stops after the last. */
  static forThisFile(): Runtime {
    const runtime = new Runtime();
    const folder = mkdtempSync(join(tmpdir(), 'sluice-node-red-'));
    const server = createServer((request, response) => RED.httpAdmin(request, response));
    beforeAll(() => runtime.#start(server, folder));
    afterAll(async () => {
      await RED.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    });
    return runtime;
  }

  async #start(server: ReturnType<typeof createServer>, userFolder: string): Promise<void> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    this.url = `http://127.0.0.1:${port}`;
    RED.init(server, {
      ...nodeRedSettings({ userFolder, credentialSecret: 'for tests', port }),
      contextStorage: { default: { module: 'memory' } },
      lang: 'en-US',
      logging: {
        test: { level: 'warn', handler: () => (line: { msg: unknown }) => this.#complain(line.msg) },
      },
    });
    RED.events.on('node-status', ({ id, status }: { id: string; status: Status }) =>
      this.#status.set(id, status),
    );
    RED.hooks.add('onSend', (events: readonly { source: { id: string; port: number }; msg: Message }[]) => {
      for (const { source, msg } of events) this.#sent.push({ id: source.id, output: source.port, msg });
    });
    const started = new Promise<void>((resolve) => RED.events.once('flows:started', resolve));
    await RED.start();
    await started;
  }

  #complain(words: unknown): void {
    this.complaints.push(words instanceof Error ? words.message : String(words));
  }

  /** Replaces what runs. Nodes need no place in the editor; those with a `broker` are put on one tab. */
  async deploy(nodes: readonly FlowNode[]): Promise<void> {
    this.#sent.length = 0;
    this.#status.clear();
    this.complaints.length = 0;
    const placed = nodes.map((node) =>
      'broker' in node || 'wires' in node
        ? { z: 'tab', x: 1, y: 1, wires: [['sink'], ['sink']], ...node }
        : node,
    );
    const tab = { id: 'tab', type: 'tab', label: 'test' };
    // Node-RED sends nothing where no wire leads on.
    const sink = { id: 'sink', type: 'debug', z: 'tab', active: false, x: 1, y: 1, wires: [] };
    const started = new Promise<void>((resolve) => RED.events.once('flows:started', resolve));
    const flows = nodes.some(({ type }) => type === 'tab') ? nodes : [tab, sink, ...placed];
    await RED.runtime.flows.setFlows({ flows: { flows }, deploymentType: 'full' });
    await started;
  }

  /** What a node has sent since it was deployed, on one of its outputs. */
  sent(id: string, output = 0): readonly Message[] {
    return this.#sent.filter((one) => one.id === id && one.output === output).map(({ msg }) => msg);
  }

  status(id: string): Status {
    return this.#status.get(id) ?? {};
  }

  shows(id: string, text: string | RegExp): Promise<boolean> {
    return eventually(() => {
      const shown = this.status(id).text ?? '';
      if (typeof text === 'string' ? shown === text : text.test(shown)) return true;
      throw new Error(`shows "${shown}"`);
    });
  }

  /** Hands a message to a node, as a wire does. */
  give(id: string, msg: Message): void {
    RED.nodes.getNode(id)?.receive(msg);
  }
}
