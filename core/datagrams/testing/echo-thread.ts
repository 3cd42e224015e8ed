import { runLoopThread } from '../run-loop-thread.ts';

/** Sends back what comes, and does as it is told. */
await runLoopThread<{ readonly address: string; readonly port: number }, string, string>(
  async ({ loop, data, post }) => {
    const socket = await loop.open({ family: 4, ...data, dscp: 0, ttl: 0, receiveBufferBytes: 200_000 });
    return {
      dueMs: () => Number.POSITIVE_INFINITY,
      turn: () => {},
      datagram: (_, { bytes, address, port }) => void socket.send(bytes, address, port),
      message: (order) => {
        if (order === 'port') post(`${socket.port}`);
        else if (order === 'fail') throw new Error('told to fail');
        else if (order === 'exit') process.exit(3);
        else if (order === 'hang') for (;;);
      },
      stopping: () => post('goodbye'),
    };
  },
);
