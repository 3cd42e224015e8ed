import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { prepareSite } from '../docker/prepare-site.ts';

const UNITS = ['sluice-broker', 'sluice-ingest', 'sluice-gateway', 'sluice-node-red', 'sluice-all'] as const;
/** Of `systemd-analyze security`: 10 is open, 0 is sealed. What keeps ours from less is that they use the network. */
const MOST_EXPOSED = 2.3;

/** The units as they are installed, but for where the tree is. */
function install(): string {
  const folder = temporaryFolder();
  cpSync('deploy/systemd', folder, { recursive: true });
  for (const file of globSync('*.service', { cwd: folder })) {
    const text = readFileSync(join(folder, file), 'utf8');
    writeFileSync(join(folder, file), text.replaceAll('/opt/sluice', resolve('.')));
  }
  return folder;
}

const analyze = (...parameters: string[]) => spawnSync('systemd-analyze', parameters, { encoding: 'utf8' });

describeWith('systemd-analyze')('deploy/systemd', () => {
  test('systemd finds nothing wrong with any unit', () => {
    const folder = install();
    const instances = ['watch-sluice@ingest.service', 'watch-sluice@ingest.timer'];
    for (const unit of [...UNITS.map((name) => `${name}.service`), ...instances]) {
      const { stderr } = analyze('verify', '--man=no', join(folder, unit));
      const ours = stderr.split('\n').filter((line) => line.includes('sluice'));
      expect(ours, unit).toEqual([]);
    }
  });

  test.each(UNITS)('%s is shut off from what it does not need', (unit) => {
    const { stdout } = analyze(
      'security',
      '--offline=true',
      '--no-pager',
      join(install(), `${unit}.service`),
    );
    const [, figure] = /exposure level for \S+ ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(figure)).toBeLessThanOrEqual(MOST_EXPOSED);
    expect(Number(figure)).toBeGreaterThan(0);
  });

  // What shuts off the services goes by the beginning of a unit's name: under it, the watch could start nothing again.
  test('the watch is root, and no service is', () => {
    const folder = install();
    const isRoot = (unit: string) =>
      /runs as root user/.test(
        analyze('security', '--offline=true', '--no-pager', join(folder, unit)).stdout,
      );
    expect(isRoot('watch-sluice@ingest.service')).toBe(true);
    for (const unit of UNITS) expect(isRoot(`${unit}.service`), unit).toBe(false);
  });
});

test('what a unit is handed is what its settings name, and lies where only root can read it', async () => {
  const folder = temporaryFolder();
  const wish = { folder, names: ['farm.example'], site: 'my-farm', gateway: 'pump-house', demo: false };
  await prepareSite({ ...wish, isForUnits: true, nowMs: Date.now() });
  for (const part of ['secrets', 'tls', 'certs'])
    expect(statSync(join(folder, part)).mode & 0o777).toBe(0o700);
  for (const name of ['broker', 'ingest', 'gateway'] as const) {
    const settings = readFileSync(join(folder, `settings/${name}.yaml`), 'utf8');
    expect(() => parse(settings)).not.toThrow();
    const unit = readFileSync(`deploy/systemd/sluice-${name}.service`, 'utf8');
    const handed = [...unit.matchAll(/^LoadCredential=(\S+):\/etc\/sluice\/(\S+)$/gm)];
    const named = [...settings.matchAll(/\/run\/credentials\/(\S+?)\/([\w.-]+)/g)];
    expect(named.length).toBeGreaterThan(0);
    for (const [, from, credential] of named) {
      expect(from).toBe(`sluice-${name}.service`);
      const file = handed.find(([, id]) => id === credential)?.[2];
      expect(statSync(join(folder, file ?? 'nothing')).isFile(), credential).toBe(true);
    }
    expect(settings).not.toMatch(/\/run\/secrets|\/etc\/sluice-tls|influxdb/);
  }
});
