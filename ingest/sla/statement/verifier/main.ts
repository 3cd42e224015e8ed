import { runVerifier } from './run-verifier.ts';

const NAME = 'node verify-statement.mjs';

process.exitCode = runVerifier(process.argv.slice(2), NAME, (line) => void process.stdout.write(`${line}\n`));
