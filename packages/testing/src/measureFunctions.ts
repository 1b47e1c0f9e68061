import { childrenOf, isFunction, type SyntaxNode, syntaxTree } from './syntaxTree.ts';

export interface FunctionSize {
  /** Where it begins, from 1. */
  readonly line: number;
  /** How many lines it covers, those of the functions inside included. */
  readonly lines: number;
  /** How many functions it stands in. Glances are not counted, and are as deep as the function that they stand in. */
  readonly level: number;
}

/**
 * A function that a reader takes in at a glance: one of at most three lines, a callback that is one expression, or the first step
 * of a curried function, as urql's exchanges are.
 */
function isGlance(node: SyntaxNode, parent: SyntaxNode, lines: number): boolean {
  if (lines <= 3 || isFunction(node.body as SyntaxNode)) return true;
  const isArgument = parent.type === 'CallExpression' || parent.type === 'NewExpression';
  return isArgument && node.expression === true;
}

/** The functions and methods of this file, in their order. */
export function measureFunctions(path: string, source: string): readonly FunctionSize[] {
  const sizes: FunctionSize[] = [];
  const visit = (node: SyntaxNode, parent: SyntaxNode, level: number): void => {
    let levelBelow = level;
    if (isFunction(node)) {
      const lines = source.slice(node.start, node.end).split('\n').length;
      const isCounted = !isGlance(node, parent, lines);
      sizes.push({
        line: source.slice(0, node.start).split('\n').length,
        lines,
        level: isCounted ? level : Math.max(0, level - 1),
      });
      if (isCounted) levelBelow++;
    }
    for (const child of childrenOf(node)) visit(child, node, levelBelow);
  };
  const program = syntaxTree(path, source);
  visit(program, program, 0);
  return sizes;
}
