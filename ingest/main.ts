import { runService } from '../core/run-service.ts';
import { BACKUP_USAGE, runBackupCommand } from './backup/run-command.ts';
import { IngestConfig } from './config.ts';
import { createIngest } from './service.ts';

if (!(await runBackupCommand(process.argv.slice(2)))) {
  await runService({ name: 'ingest', schema: IngestConfig, moreUsage: BACKUP_USAGE, create: createIngest });
}
