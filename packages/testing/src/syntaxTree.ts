import { parseAst } from 'rolldown/parseAst';

/** A node of an ESTree. Its other fields depend on its type. */
export interface SyntaxNode {
  readonly type: string;
  /** Offset of its first character. */
  readonly start: number;
  /** Offset after its last character. */
  readonly end: number;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/**
 * @param path - decides between TypeScript and TSX
 * @throws SyntaxError - the file is neither
 */
export function syntaxTree(path: string, source: string): SyntaxNode {
  const program: unknown = parseAst(source, { lang: path.endsWith('x') ? 'tsx' : 'ts' }, path);
  if (!isNode(program)) throw new SyntaxError(`${path} has no syntax tree.`);
  return program;
}

/** The nodes directly below this one, in the order of its fields. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  return Object.values(node).flat().filter(isNode);
}

export function isFunction({ type }: SyntaxNode): boolean {
  return type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression';
}
