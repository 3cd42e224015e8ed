import { SluiceError } from '../../core/errors.ts';
import { isLoopback } from '../../core/listen.ts';
import type { IngestConfig } from '../config.ts';

/**
 * What workers cannot share. Called before anything is made, because the schema sees one section at a time. Throws
 * `CONFIG_INVALID` with everything that has to be changed.
 */
export function checkClusterConfig({ cluster, store, automation }: IngestConfig): void {
  if (!cluster) return;
  const problems: string[] = [];
  if (store.kind !== 'influx')
    problems.push('store.kind must be influx beside cluster: all workers write into one store');
  if (automation.enabled)
    problems.push('automation.enabled must be false beside cluster: a worker sees only its own gateways');
  const isRemote = cluster.urls.some((url) => !isLoopback(new URL(url).hostname));
  if (isRemote && (cluster.username === undefined || cluster.passwordFile === undefined))
    problems.push('cluster.username and cluster.passwordFile must be set for servers on other machines');
  if (new Set(cluster.urls.map((url) => new URL(url).protocol)).size > 1)
    problems.push('cluster.urls must be all amqp:// or all amqps://');
  if (problems.length > 0)
    throw new SluiceError('CONFIG_INVALID', { problems: problems.map((one) => `  ${one}`).join('\n') });
}
