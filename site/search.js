// Finds sections of all pages as one types. Everything comes with the site: it works from a file, too.
const search = new MiniSearch({
  fields: ['title', 'text'],
  storeFields: ['page', 'hash', 'title'],
  searchOptions: { boost: { title: 3 }, prefix: true, fuzzy: 0.15 },
});
search.addAll(window.sections);

const query = document.getElementById('query');
const found = document.getElementById('found');

query.addEventListener('input', () => {
  const all = search.search(query.value, { combineWith: 'AND' });
  const results = (all.length > 0 ? all : search.search(query.value)).slice(0, 12);
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
