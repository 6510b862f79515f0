// @ts-check
// The API as pages, from the built type declarations and their docstrings.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript-5.9';

const entries = [
  ['api', 'neardict', 'index'],
  ['api-redis', 'neardict/redis', 'redis'],
  ['api-otel', 'neardict/otel', 'otel'],
  ['api-testing', 'neardict/testing', 'testing'],
];

/**
 * @param {string} root
 * @returns {Promise<import('./build.js').Source[]>}
 */
export async function apiPages(root) {
  const built = entries
    .map(([name = '', title = '', file = '']) => ({ name, title, path: join(root, 'dist', `${file}.d.ts`) }))
    .filter(({ path }) => existsSync(path));
  if (built.length === 0) throw new Error('There are no type declarations: run npm run build first.');
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    skipLibCheck: true,
  };
  const program = ts.createProgram(
    built.map(({ path }) => path),
    options,
  );
  return built.map(({ name, title, path }) => ({ name, path: 'docs/api.md', text: pageOf(program, title, path) }));
}

/**
 * @param {ts.Program} program
 * @param {string} title
 * @param {string} path
 */
function pageOf(program, title, path) {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(path);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${path} is no module.`);
  const symbols = checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
  const isType = (/** @type {ts.Symbol} */ symbol) => !(symbol.flags & ts.SymbolFlags.Value);
  const list = (/** @type {ts.Symbol[]} */ some) =>
    some.toSorted((a, b) => a.name.localeCompare(b.name)).map((symbol) => sectionOf(checker, symbol));
  const values = symbols.filter((symbol) => !isType(symbol));
  return [`# API: ${title}`, ...list(values), '## Types', ...list(symbols.filter(isType))].join('\n\n');
}

/**
 * @param {ts.TypeChecker} checker
 * @param {ts.Symbol} symbol
 */
function sectionOf(checker, symbol) {
  const declarations = (symbol.declarations ?? []).map((node) => declarationOf(node).getText());
  const tags = symbol.getJsDocTags(checker);
  const texts = (/** @type {string} */ name) =>
    tags.filter((tag) => tag.name === name).map((tag) => linked(ts.displayPartsToString(tag.text)));
  const results = [
    ...texts('param').map((text) => `- ${text}`),
    ...texts('returns').map((text) => `- returns: ${text}`),
    ...texts('throws').map((text) => `- throws ${text.replace(/^\{?([^\s}]+)\}?/, '`$1`')}`),
  ];
  return [
    `### ${symbol.name}`,
    linked(ts.displayPartsToString(symbol.getDocumentationComment(checker))),
    [...new Set(results)].join('\n'),
    `\`\`\`ts\n${declarations.join('\n\n')}\n\`\`\``,
    ...texts('example').map((text) => `Example:\n\n\`\`\`ts\n${text}\n\`\`\``),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** A constant's declaration is the whole statement. @param {ts.Declaration} node */
function declarationOf(node) {
  return ts.isVariableDeclaration(node) ? node.parent.parent : node;
}

/** @param {string} text */
function linked(text) {
  return text
    .replaceAll(/\{@link (\S+?)\}/g, '[`$1`](#$1)')
    .replaceAll(/\]\(#(\w+)\)/g, (_, name) => `](#${name.toLowerCase()})`);
}
