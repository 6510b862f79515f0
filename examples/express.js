// @ts-check
// Sessions in Express: they live half an hour after the last visit, in every process, and are read from memory.
import { randomUUID } from 'node:crypto';
import express from 'express';
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

/** @import { NextFunction, Request, Response } from 'express' */
/** @typedef {{ visits: number }} Session */

/** @type {import('neardict').NearDict<Record<string, Session>>} */
const sessions = await openDict({ namespace: 'example-sessions', store: exampleStore(), ttl: '30m' });

/** Counts the visit in one atomic step: two requests at once are two visits. */
async function session(
  /** @type {Request} */ request,
  /** @type {Response} */ response,
  /** @type {NextFunction} */ next,
) {
  const [, known] = /\bsid=([\w-]{36})/.exec(request.headers.cookie ?? '') ?? [];
  // Only an id that was given out here is taken: nobody can be lured into a session that somebody else knows.
  const id = known !== undefined && (await sessions.has(known)) ? known : randomUUID();
  response.locals.session = await sessions.update(id, ({ visits } = { visits: 0 }) => ({ visits: visits + 1 }));
  response.cookie('sid', id, { httpOnly: true, sameSite: 'lax' });
  next();
}

const app = express().use(session);
app.get('/', (_request, response) => {
  response.send(`visit ${response.locals.session.visits}`);
});

const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

// What a browser does.
const first = await fetch(`http://127.0.0.1:${port}/`);
console.log(await first.text());
const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
console.log(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } })).text());

server.close();
server.closeAllConnections();
await sessions.clear();
await sessions.close();
