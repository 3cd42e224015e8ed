/** What our own programs show to the API: the token in SLUICE_TOKEN, where there is one. */
export function bearerHeaders(): Record<string, string> {
  const token = process.env.SLUICE_TOKEN?.trim();
  return token ? { authorization: `Bearer ${token}` } : {};
}
