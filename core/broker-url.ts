const SCHEME = /^(mqtts?|wss?):\/\//;

/**
 * What is wrong with the address of an MQTT broker and how to mend it; `undefined` where nothing is. MQTT clients
 * guess at what they cannot read, such as a port `18x`. The address stands in logs and messages, so it may not hold a
 * password, and the answer never repeats it.
 */
export function brokerUrlProblem(url: string): string | undefined {
  if (url.includes('@'))
    return 'user and password do not belong here; set username and passwordFile beside it';
  const { hostname, port } = (SCHEME.test(url) && URL.parse(url)) || { hostname: '', port: '' };
  if (hostname !== '' && port !== '0') return undefined;
  return 'no address can be read from it; the form is mqtt://HOST:PORT, or with mqtts://, ws:// or wss://';
}
