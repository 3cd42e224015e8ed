import { runService } from '../core/run-service.ts';
import { BACKUP_USAGE, runBackupCommand } from './backup/run-command.ts';
import { IngestConfig } from './config.ts';
import { LETTERS_USAGE, runLetterCommand } from './letters/command-line.ts';
import { createIngest } from './service.ts';

const parameters = process.argv.slice(2);

if (!(await runBackupCommand(parameters)) && !(await runLetterCommand(parameters))) {
  const moreUsage = BACKUP_USAGE + LETTERS_USAGE;
  await runService({ name: 'ingest', schema: IngestConfig, moreUsage, create: createIngest });
}
