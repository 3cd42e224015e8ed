import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../core/testing/free-port.ts';
import { freeUdpPort } from '../../core/testing/free-udp-port.ts';

/** `deploy/backbone.yaml` with all that it names in `folder`, on ports that are free here; `change` may rewrite the text of each file. */
export async function copyOfBackbone(
  folder: string,
  signIn: 'off' | 'required',
  change: (text: string) => string = (text) => text,
): Promise<string> {
  cpSync('deploy/backbone', join(folder, 'backbone'), { recursive: true });
  cpSync('deploy/backbone.yaml', join(folder, 'backbone.yaml'));
  cpSync('broker/sample.yaml', join(folder, 'broker.yaml'));
  const [mqtt, webSocket, http] = [await freePort(), await freePort(), await freePort()];
  const ports = new Map([
    ['1883', mqtt],
    ['8083', webSocket],
  ]);
  for (const port of ['8621', '8622', '8623', '8631', '8632', '8633']) ports.set(port, await freeUdpPort());
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.yaml'),
  );
  for (const name of files) {
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8').replaceAll(/\b\d{4}\b/g, (port) =>
      String(ports.get(port) ?? port),
    );
    writeFileSync(file, change(text.replace('../broker/sample.yaml', 'broker.yaml')));
  }
  const ingest = join(folder, 'backbone/ingest.yaml');
  writeFileSync(ingest, `${readFileSync(ingest, 'utf8')}\nhttp: { port: ${http}, signIn: ${signIn} }\n`);
  return `http://127.0.0.1:${http}`;
}
