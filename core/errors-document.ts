import { readFileSync, writeFileSync } from 'node:fs';
import { ERRORS, type ErrorCode } from './errors.ts';

/** The catalogue of errors as a page for people; `--write FILE` writes it. */
export function errorsDocument(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { en, zh, retryable, http } = ERRORS[code];
    const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', '<br>');
    return `| \`${code}\` | ${http} | ${retryable ? 'yes' : 'no'} | ${cell(en)}<br>${cell(zh)} |`;
  });
  return `# Errors · 错误代码

Every error that Sluice reports, in logs, on the page and in API answers (\`{ code, message, details }\`).
Words in braces are filled in. "Retried" means that Sluice tries again by itself and needs nobody to restart it.
Written from \`core/errors.ts\` by \`npm run docs\`.

| code | HTTP | retried | message |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const [flag, file] = process.argv.slice(2);
if (import.meta.main && flag === '--write' && file) {
  const document = errorsDocument();
  if (readFileSync(file, { encoding: 'utf8', flag: 'a+' }) !== document) writeFileSync(file, document);
}
