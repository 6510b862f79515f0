// Answers one question on one store, in a process of its own, so that no other one has shaped what the compiler knows.
import { stageOf } from './stage.js';

const [, , question, store, url] = process.argv;
const { measure } = await import(question);
const stage = stageOf(store, url);
const rows = await measure(stage);
await stage.end();
// Some libraries can't be closed.
process.send(rows.flat(), () => process.exit());
