// Finds sections of all pages as one types. Everything comes with the site: it works from a file, too.

/** They stand in every question, and say nothing about what is looked for. */
const fillers = new Set(
  'a an and are be can do does for how i in is it my of on or the to what when where why'.split(' '),
);
/** Guides come before what is looked up, and that before what is only for those who work on it. */
const weights = { api: 0.5, 'api-redis': 0.5, 'api-testing': 0.5, 'api-otel': 0.5, changelog: 0.1, contributing: 0.1 };

const search = new MiniSearch({
  fields: ['title', 'page', 'text'],
  storeFields: ['page', 'hash', 'title'],
  processTerm: (term) => (fillers.has(term.toLowerCase()) ? null : term.toLowerCase()),
  searchOptions: {
    boost: { title: 3, page: 2 },
    prefix: (term) => term.length > 2,
    fuzzy: (term) => (term.length > 5 ? 0.15 : false),
    boostDocument: (_, __, { page }) => weights[page] ?? 1,
  },
});
search.addAll(window.sections);

/** Sections with all the words, or else with some. */
function find(words) {
  const all = search.search(words, { combineWith: 'AND' });
  return all.length > 0 ? all : search.search(words);
}

const query = document.getElementById('query');
const found = document.getElementById('found');

query.addEventListener('input', () => {
  const results = find(query.value).slice(0, 12);
  found.replaceChildren(
    ...results.map(({ page, hash, title }) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = `${page}.html#${hash}`;
      link.textContent = title;
      const where = document.createElement('small');
      where.textContent = page;
      link.append(' ', where);
      item.append(link);
      return item;
    }),
  );
  found.hidden = results.length === 0;
});

document.addEventListener('keydown', (event) => {
  const links = [...found.querySelectorAll('a')];
  const at = links.indexOf(document.activeElement);
  if (event.key === '/' && document.activeElement !== query) {
    event.preventDefault();
    query.focus();
  } else if (event.key === 'Escape') {
    found.hidden = true;
  } else if (event.key === 'ArrowDown' && !found.hidden) {
    event.preventDefault();
    (links[at + 1] ?? links[0]).focus();
  } else if (event.key === 'ArrowUp' && at >= 0) {
    event.preventDefault();
    (links[at - 1] ?? query).focus();
  }
});

query.form.addEventListener('submit', (event) => {
  event.preventDefault();
  found.querySelector('a')?.click();
});
found.addEventListener('click', () => {
  found.hidden = true;
});
