import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import { ID_PATTERN } from '../../core/ids.ts';
import { hashPassword } from '../../core/passwords/password-hash.ts';
import { CertificateFolder } from '../certs/certificate-folder.ts';

const TEMPLATES = join(import.meta.dirname, 'settings');
const DEMO_GATEWAY = join(import.meta.dirname, '../../gateway/sample.yaml');

/** Each is a file of `secrets/`; compose.yaml says who gets it. Those of MQTT are those of the broker's users. */
const SECRETS = [
  'mqtt_ingest',
  'mqtt_gateway',
  'mqtt_node_red',
  'node_red',
  'influx_admin',
  'influx_token',
  'influx_grafana',
  'grafana_admin',
  'console_admin',
] as const;
type Secret = (typeof SECRETS)[number];

const TLS_FILES = ['ca.pem', 'server.pem', 'server-key.pem'] as const;

export interface SiteWish {
  readonly folder: string;
  /** Host names and addresses for the certificate and the page. */
  readonly names: readonly string[];
  readonly site: string;
  readonly gateway: string;
  /** Whether the gateway is that of the simulated farm. */
  readonly demo: boolean;
  /** For the units of deploy/systemd in place of the containers: their paths, and the embedded store. */
  readonly isForUnits: boolean;
  readonly nowMs: number;
}

/**
 * Makes in `folder` what is not there yet, and returns the files that are new:
 *
 *     settings/  YAML of each service and the broker's users
 *     secrets/   passwords and tokens
 *     certs/     the authority and its key (stays out of every container)
 *     tls/       what of certs/ the containers read
 *
 * For containers, nobody but its owner reaches anything in the folder. What they read is readable for everybody below that: a
 * container gets files by name, not through this folder, and its user is none of this machine. For units, systemd hands out
 * what is secret (LoadCredential). Throws `CERTIFICATE_FOLDER`,
 * `OPTION_INVALID`, `DATA_FOLDER_UNUSABLE`.
 */
export async function prepareSite(wish: SiteWish): Promise<readonly string[]> {
  for (const id of [wish.site, wish.gateway]) {
    if (!new RegExp(ID_PATTERN).test(id))
      throw new SluiceError('OPTION_INVALID', {
        problem: `"${id}"`,
        known: '--site, --gateway: A-Z a-z 0-9 _ -',
      });
  }
  const made: string[] = [];
  try {
    mkdirSync(wish.folder, { recursive: true });
    chmodSync(wish.folder, wish.isForUnits ? 0o755 : 0o700);
    for (const part of ['settings', 'secrets', 'tls']) {
      mkdirSync(join(wish.folder, part), { recursive: true });
      // Not left to the umask: a container's user must get in, and nobody else into what systemd hands out.
      chmodSync(join(wish.folder, part), wish.isForUnits && part !== 'settings' ? 0o700 : 0o755);
    }
  } catch (error) {
    throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder: wish.folder, reason: reasonOf(error) }, error);
  }
  const secrets = makeSecrets(wish.folder, made);
  await makeSettings(wish, secrets, made);
  await makeCertificates(wish, made);
  return made;
}

function makeSecrets(folder: string, made: string[]): Record<Secret, string> {
  const entries = SECRETS.map((name): [Secret, string] => {
    const file = join(folder, 'secrets', name);
    put(file, () => `${randomBytes(24).toString('base64url')}\n`, made);
    return [name, readFileSync(file, 'utf8').trim()];
  });
  return Object.fromEntries(entries) as Record<Secret, string>;
}

async function makeSettings(wish: SiteWish, secrets: Record<Secret, string>, made: string[]): Promise<void> {
  const to = (name: string) => join(wish.folder, 'settings', name);
  const template = (name: string) => {
    const text = readFileSync(join(TEMPLATES, name), 'utf8');
    return wish.isForUnits ? forUnit(text, `sluice-${name.replace('.yaml', '.service')}`) : text;
  };
  put(to('broker.yaml'), () => template('broker.yaml'), made);
  put(to('ingest.yaml'), () => ingestSettings(template('ingest.yaml'), wish.names), made);
  put(to('gateway.yaml'), () => gatewaySettings(template('gateway.yaml'), wish), made);
  if (existsSync(to('users.yaml'))) return;
  const { site, gateway } = wish;
  const users = [
    { name: 'ingest', role: 'host', secret: secrets.mqtt_ingest },
    { name: 'pump-house', role: 'gateway', site, gateway, secret: secrets.mqtt_gateway },
    { name: 'node-red', role: 'automation', sites: [site], secret: secrets.mqtt_node_red },
  ];
  const lines: string[] = [];
  for (const { secret, ...user } of users) {
    lines.push(`  - ${JSON.stringify({ ...user, passwordHash: await hashPassword(Buffer.from(secret)) })}\n`);
  }
  put(to('users.yaml'), () => `# Who may use the broker: docs/broker.md\nusers:\n${lines.join('')}`, made);
}

/** The same settings, with the paths at which systemd hands a unit what is secret, and no database beside it. */
function forUnit(template: string, unit: string): string {
  const document = parseDocument(
    template
      .replaceAll(/\/run\/secrets|\/etc\/sluice-tls/g, `/run/credentials/${unit}`)
      .replaceAll('deploy/compose.yaml', unit)
      .replace('mqtt://broker:1883', 'mqtt://127.0.0.1:1883')
      .replaceAll('host: 0.0.0.0', 'host: 127.0.0.1')
      .replace(', on a network of their own that nobody else is on', '')
      .replace('; compose publishes this one', ''),
  );
  if (document.has('store')) document.set('store', document.createNode({ kind: 'embedded' }));
  return document.toString();
}

function ingestSettings(template: string, names: readonly string[]): string {
  const document = parseDocument(template);
  document.setIn(['http', 'allowedHosts'], [...names]);
  return document.toString();
}

function gatewaySettings(template: string, { site, gateway, demo }: SiteWish): string {
  const document = parseDocument(template);
  document.set('site', site);
  document.set('gateway', gateway);
  if (!demo) return document.toString();
  const farm = parseDocument(readFileSync(DEMO_GATEWAY, 'utf8'));
  farm.set('gateway', gateway);
  farm.set('broker', document.get('broker'));
  return farm.toString();
}

async function makeCertificates({ folder, names, nowMs }: SiteWish, made: string[]): Promise<void> {
  const certificates = new CertificateFolder(join(folder, 'certs'), nowMs);
  if (!existsSync(certificates.path('ca.pem'))) made.push(await certificates.make('authority', 'ca'));
  if (!existsSync(certificates.path('server.pem')))
    made.push(await certificates.make('server', 'server', [...names, 'localhost', '127.0.0.1', 'broker']));
  for (const name of TLS_FILES) {
    const file = join(folder, 'tls', name);
    const text = readFileSync(certificates.path(name), 'utf8');
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    writeFileSync(`${file}.new`, text, { mode: 0o444 });
    renameSync(`${file}.new`, file);
    made.push(file);
  }
}

function put(file: string, text: () => string, made: string[]): void {
  if (existsSync(file)) return;
  writeFileSync(file, text(), { mode: 0o444, flag: 'wx' });
  chmodSync(file, file.endsWith('.yaml') ? 0o644 : 0o444);
  made.push(file);
}
