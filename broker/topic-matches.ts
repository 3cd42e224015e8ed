/** MQTT 3.1.1, clause 4.7.1: `+` is one level, `#` at the end all further ones and the level above them. */
export function topicMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const given = topic.split('/');
  // [MQTT-4.7.2-1]
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    const is = given[index];
    if (is === undefined || (level !== '+' && level !== is)) return false;
  }
  return wanted.length === given.length;
}
