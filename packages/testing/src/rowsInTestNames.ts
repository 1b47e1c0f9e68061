import { childrenOf, isFunction, type SyntaxNode, syntaxTree } from './syntaxTree.ts';

const rowIds = /\b(?:B\d{2,3}|[A-Z]{3}-\d{2})\b/g;
const isRowId = (cell: string) => cell.replace(rowIds, '') === '';

/** `test` of `test.each(table)('name', …)`. */
function firstNameOf(callee: SyntaxNode): unknown {
  let node = callee;
  for (;;) {
    const below = node.type === 'CallExpression' ? node.callee : node.type === 'MemberExpression' ? node.object : null;
    if (below === null) return node.type === 'Identifier' ? node.name : undefined;
    node = below as SyntaxNode;
  }
}

const isTestCall = (node: SyntaxNode) =>
  node.type === 'CallExpression' && ['describe', 'it', 'test'].includes(String(firstNameOf(node.callee as SyntaxNode)));

function stringsIn(node: SyntaxNode): readonly string[] {
  if (isFunction(node)) return [];
  if (node.type === 'Literal' && typeof node.value === 'string') return [node.value];
  if (node.type === 'TemplateElement') return [(node.value as { readonly raw: string }).raw];
  return childrenOf(node).flatMap(stringsIn);
}

/** A name may have an id anywhere; in a table of cases only a cell that is nothing but an id is one. */
const idsOfArgument = (argument: SyntaxNode): readonly string[] =>
  argument.type === 'Literal' || argument.type === 'TemplateLiteral'
    ? stringsIn(argument).flatMap(name => name.match(rowIds) ?? [])
    : stringsIn(argument).filter(cell => cell !== '' && isRowId(cell));

function idsBelow(node: SyntaxNode): readonly string[] {
  const ids = isTestCall(node) ? (node.arguments as readonly SyntaxNode[]).flatMap(idsOfArgument) : [];
  return [...ids, ...childrenOf(node).flatMap(idsBelow)];
}

/** The ids of rows (`B21`, `TOK-12`) in the names of the tests of this file, and of the groups and tables that they stand in. */
export function rowsInTestNames(path: string, source: string): ReadonlySet<string> {
  return new Set(idsBelow(syntaxTree(path, source)));
}
