import { parentPort } from 'node:worker_threads';
import { ConnectLinks } from './connect-links.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

const port = parentPort!;
const say = (message: FromThread) => port.postMessage(message);
const links = new ConnectLinks(
  (evidence) => say({ kind: 'evidence', evidence }),
  (link, reason) => say({ kind: 'note', link, reason }),
);

port.on('message', (message: ToThread) => {
  if (message.kind === 'replace') links.replace(message.links, message.recordMs);
  else {
    links.stop();
    say({ kind: 'over' });
    port.close();
  }
});
