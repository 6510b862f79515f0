// @ts-check
import { Marked } from 'marked';

/**
 * @typedef {object} Section
 * @property {string} title
 * @property {string} hash
 * @property {string} text
 */

/** The anchor of a heading, as GitHub makes it. @param {string} heading */
function slug(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/<[^>]*>|`/g, '')
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/**
 * Makes a page of Markdown.
 *
 * @param {string} text
 * @param {(href: string) => string} resolve - Where a link leads to.
 * @returns {{ title: string, html: string, sections: Section[] }} `sections` are what the search knows of it.
 */
export function render(text, resolve) {
  const marked = new Marked();
  const tokens = marked.lexer(text);
  /** @type {Section[]} */
  const sections = [];
  for (const token of tokens) {
    if (token.type === 'heading') sections.push({ title: plain(token.text), hash: slug(token.text), text: '' });
    else if (sections.length > 0) /** @type {Section} */ (sections.at(-1)).text += ` ${plain(token.raw)}`;
  }
  marked.use({
    walkTokens(token) {
      if (token.type === 'link' || token.type === 'image') token.href = resolve(token.href);
    },
    renderer: {
      heading({ tokens: parts, text: heading, depth }) {
        const id = slug(heading);
        return `<h${depth} id="${id}"><a href="#${id}">${this.parser.parseInline(parts)}</a></h${depth}>\n`;
      },
      table(token) {
        const row = (/** @type {typeof token.header} */ cells, /** @type {string} */ tag) =>
          `<tr>${cells.map(({ tokens: parts }) => `<${tag}>${this.parser.parseInline(parts)}</${tag}>`).join('')}</tr>\n`;
        const body = token.rows.map((cells) => row(cells, 'td')).join('');
        return `<div class="wide"><table><thead>${row(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>\n`;
      },
    },
  });
  const html = /** @type {string} */ (marked.parse(text));
  return { title: sections[0]?.title ?? 'neardict', html, sections };
}

/** Markdown without its marks, for the search. @param {string} text */
function plain(text) {
  return text
    .replaceAll(/\]\([^)]*\)/g, '')
    .replaceAll(/[`*#|[\]]|-{3,}/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
