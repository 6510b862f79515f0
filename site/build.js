// @ts-check
// Makes the documentation a static site in build/site: README.md, docs/ and the API from the type declarations, with a search
// that needs no server. Open build/site/index.html.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiPages } from './api.js';
import { render } from './render.js';

const here = import.meta.dirname;
const root = dirname(here);

const EXAMPLES = 'examples/README.md';

/** Pages in the order of reading; what is not named here comes behind, by name. */
const order = [
  'index',
  'getting-started',
  'guarantees',
  'coherence',
  'outages',
  'values',
  'types',
  'atomic-writes',
].concat(
  ['write-back', 'mirror', 'partitions', 'scaling', 'performance', 'cli', 'inspector', 'testing', 'telemetry'],
  ['security', 'comparison', 'migrating', 'examples', 'contributing', 'changelog'],
);

/**
 * @typedef {object} Source
 * @property {string} name - Of the page, without `.html`.
 * @property {string} path - From the root of the project; links in it start there.
 * @property {string} text - Markdown.
 */

/** @returns {Promise<Source[]>} */
async function sources() {
  const docs = (await readdir(join(root, 'docs'))).filter((file) => file.endsWith('.md'));
  const paths = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', EXAMPLES, ...docs.map((file) => join('docs', file))];
  const written = await Promise.all(
    paths.map(async (path) => ({ name: nameOf(path), path, text: await readFile(join(root, path), 'utf8') })),
  );
  const rank = (/** @type {string} */ name) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...written.toSorted((a, b) => rank(a.name) - rank(b.name)), ...(await apiPages(root))];
}

/** @param {string} path */
function nameOf(path) {
  if (path === EXAMPLES) return 'examples';
  return path === 'README.md' ? 'index' : path.replace(/^docs\/|\.md$/g, '').toLowerCase();
}

/** @param {string} path */
function isPage(path) {
  return path === EXAMPLES || /^(README|CONTRIBUTING|CHANGELOG|docs\/[^/]+)\.md$/.test(path);
}

/**
 * Where a link in a page leads to: another page, a file beside it, or the project's repository.
 *
 * @param {string} from - The page's path in the project.
 * @param {string} href
 */
function resolve(from, href) {
  const [path = '', hash = ''] = href.split(/(?=#)/);
  if (/^[a-z]+:/.test(href) || path === '') return href;
  const target = relative(root, join(root, dirname(from), path));
  if (isPage(target)) return `${nameOf(target)}.html${hash}`;
  if (/^docs\/.*\.(png|svg)$/.test(target)) return target.replace(/^docs\//, '');
  return `https://github.com/neardict/neardict/blob/main/${target}${hash}`;
}

/** @param {string} target - Folder that is made anew. @returns Number of pages. */
async function buildSite(target) {
  const template = await readFile(join(here, 'page.html'), 'utf8');
  const pages = (await sources()).map(({ name, path, text }) => ({
    name,
    ...render(text, (href) => resolve(path, href)),
  }));
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const menu = (/** @type {string} */ current) =>
    pages
      .map(
        ({ name, title }) =>
          `<li><a href="${name}.html"${name === current ? ' aria-current="page"' : ''}>${title}</a></li>`,
      )
      .join('\n');
  for (const { name, title, html } of pages) {
    const parts = { title, menu: menu(name), content: html };
    const page = template.replace(/\{(title|menu|content)\}/g, (_, part) => Reflect.get(parts, part));
    await writeFile(join(target, `${name}.html`), page);
  }
  const sections = pages.flatMap(({ name, sections: found }) => found.map((section) => ({ page: name, ...section })));
  const rows = sections.map((section, id) => ({ id, ...section }));
  await writeFile(join(target, 'sections.js'), `window.sections = ${JSON.stringify(rows)};\n`);
  await cp(
    fileURLToPath(import.meta.resolve('minisearch')).replace(/es\/index\.js$/, 'umd/index.js'),
    join(target, 'minisearch.js'),
  );
  for (const file of ['style.css', 'search.js']) await cp(join(here, file), join(target, file));
  const images = (await readdir(join(root, 'docs'))).filter((file) => /\.(png|svg)$/.test(file));
  for (const file of images) await cp(join(root, 'docs', file), join(target, file));
  return pages.length;
}

const target = process.argv[2] ?? join(root, 'build/site');
console.log(`${await buildSite(target)} pages: ${join(target, 'index.html')}`);
