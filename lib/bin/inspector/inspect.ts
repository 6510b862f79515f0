import { once } from 'node:events';
import { type Command, DONE, PLACE } from '../command.ts';
import { connectInTime, targetAt } from '../target.ts';
import { connectProbe } from '../../store/redis/probe.ts';
import { startInspector } from './server.ts';

export const inspect: Command = {
  usage: `neardict inspect [--namespace NAME] [--port N]

Serves a page on this machine alone that shows namespaces, entries, changes as they happen and peers, and edits values.
Prints its address, which lets in whoever knows it. Ends by Ctrl+C.

  --port      default: any that is free
`,
  options: { ...PLACE, port: { type: 'string' } },
  words: [0, 0],
  async run(args, output) {
    const port = args.integer('port', 1, 65_535) ?? 0;
    const { namespace, url } = args;
    // So that a wrong URL or name shows here, and not on the page.
    if (namespace === undefined) (await connectProbe(url, connectInTime())).close();
    else await targetAt(url, namespace);
    const inspector = await startInspector(url, port);
    const address = namespace === undefined ? inspector.url : `${inspector.url}#${namespace}`;
    await output.result({ url: address }, address);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    await inspector.close();
    return DONE;
  },
};
