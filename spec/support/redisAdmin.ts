import { connectClient, type TestClient } from './clients.ts';
import { until } from './until.ts';

/** Of a command. */
export type Argument = string | Buffer;

/** Looks at a server, and does to it what operators and accidents do. */
export interface RedisAdmin {
  /** Sends any command; the reply as the client gives it. */
  send(...args: readonly Argument[]): Promise<unknown>;
  /** Number of connections besides this one. */
  connections(): Promise<number>;
  /** Number of connections that have subscribed. */
  subscribers(): Promise<number>;
  connectionsAre(count: number): Promise<void>;
  end(): Promise<void>;
}

export async function connectAdmin(url: string): Promise<RedisAdmin> {
  const client: TestClient = await connectClient(url);
  const send = (...args: readonly Argument[]): Promise<unknown> => client.sendCommand([...args]);
  const list = async (): Promise<string[]> =>
    String(await send('CLIENT', 'LIST'))
      .trim()
      .split('\n');
  const connections = async (): Promise<number> => (await list()).length - 1;
  return {
    send,
    connections,
    async subscribers() {
      return (await list()).filter((line) => / sub=[1-9]/.test(line)).length;
    },
    connectionsAre: (count) => until(`there are ${count} connections`, async () => (await connections()) === count),
    end: () => client.end(),
  };
}
