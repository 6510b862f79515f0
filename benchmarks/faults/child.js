// One process that uses one library: does what it is told over its channel, and says how it went.
// Arguments: module of the library, URL of the server, and whether uncaught errors are to be survived.
const [peer, url, survives] = process.argv.slice(2);
if (survives === 'true') {
  process.on('uncaughtException', () => {});
}
process.on('disconnect', () => process.exit());
const { open } = await import(peer);
process.send({ id: -1 });
const opened = open(url);
opened.then(
  () => process.send({ id: 0 }),
  (error) => process.send({ id: 0, error: String(error) }),
);

process.on('message', ({ id, verb, args }) => {
  opened
    .then((cache) => cache[verb](...args))
    .then(
      (value) => process.send({ id, value }),
      (error) => process.send({ id, error: String(error) }),
    );
});
