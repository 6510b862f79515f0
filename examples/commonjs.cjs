// @ts-check
// The same from CommonJS: require() loads the library, no import() needed.
const { openDict } = require('neardict');
const { exampleStore } = require('./store.js');

async function main() {
  const settings = await openDict({ namespace: 'example-commonjs', store: exampleStore() });
  settings.dict.hello = 'CommonJS';
  console.log(await settings.dict.hello);
  await settings.clear();
  await settings.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
