import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy on loopback that can hold back what the server sends to subscribers. */
export interface TcpProxy {
  readonly url: string;
  /** Delay of everything that the server sends on connections that have subscribed, in milliseconds. Order is kept. */
  feedDelayMs: number;
  stop(): Promise<void>;
}

export async function startProxy(port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const proxy = { feedDelayMs: 0 };
  const server = createServer((down) => {
    const up = connect(port, '127.0.0.1');
    for (const socket of [down, up]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => {
        down.destroy();
        up.destroy();
      });
    }
    let isFeed = false;
    down.on('data', (chunk: Buffer) => {
      isFeed ||= /\bSUBSCRIBE\b/i.test(chunk.toString('latin1'));
      up.write(chunk);
    });
    up.on('data', (chunk: Buffer) => {
      if (isFeed && proxy.feedDelayMs > 0) setTimeout(() => down.write(chunk), proxy.feedDelayMs);
      else down.write(chunk);
    });
    down.once('end', () => up.end());
    up.once('end', () => down.end());
  });
  const ownPort = await listen(server);
  return Object.assign(proxy, {
    url: `redis://127.0.0.1:${ownPort}`,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });
}
