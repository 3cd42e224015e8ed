/** `user:password@` of any address, and the same of one that has a user or a token only. */
const SIGN_IN = /([a-z][a-z\d+.-]{1,20}:\/\/)[^\s/?#"'<>@]*@/gi;
/** What addresses carry behind `?`, `&` or `#` under names such as these. */
const PARAMETER =
  /([?&#;][\w.-]{0,40}?(?:token|key|secret|sig|signature|password|passwd|pwd|pass|auth|code|sid|credential)s?=)[^\s&#;"'<>\\]+/gi;

/**
 * The same text with every secret of the addresses in it masked. Whatever becomes a message of an error or a line of the log goes
 * through it, because programs underneath like to repeat the address that they were given.
 */
export function withoutSecrets(text: string): string {
  return text.includes('://') ? text.replace(SIGN_IN, '$1***@').replace(PARAMETER, '$1***') : text;
}
