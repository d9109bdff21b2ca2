import ts from "typescript";

/** Small change of a source text. */
export interface Mutant {
  /** Start of the changed text. */
  start: number;
  /** The text that is replaced. */
  was: string;
  /** Replacement. */
  is: string;
  /** The line, counted from 1. */
  line: number;
}

const { SyntaxKind } = ts;

/** Replacement of each operator. */
const EXCHANGES = new Map<ts.SyntaxKind, string>([
  [SyntaxKind.LessThanToken, "<="],
  [SyntaxKind.LessThanEqualsToken, "<"],
  [SyntaxKind.GreaterThanToken, ">="],
  [SyntaxKind.GreaterThanEqualsToken, ">"],
  [SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [SyntaxKind.AmpersandAmpersandToken, "||"],
  [SyntaxKind.BarBarToken, "&&"],
  [SyntaxKind.PlusToken, "-"],
  [SyntaxKind.MinusToken, "+"],
  [SyntaxKind.AsteriskToken, "/"],
  [SyntaxKind.SlashToken, "*"],
  [SyntaxKind.PlusEqualsToken, "-="],
  [SyntaxKind.MinusEqualsToken, "+="],
]);

/** Returns true if an addition joins texts: the type check would find a minus there. */
function joinsText(node: ts.Node): boolean {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  return ts.isBinaryExpression(node) && (joinsText(node.left) || joinsText(node.right)) ||
    ts.isParenthesizedExpression(node) && joinsText(node.expression) ||
    ts.isConditionalExpression(node) && (joinsText(node.whenTrue) || joinsText(node.whenFalse));
}

/**
 * Returns every place of a source where an operator or a constant can be exchanged: comparisons,
 * logic, arithmetic, numbers, booleans and negations; outside of comments, strings and types.
 *
 * @param text A TypeScript module.
 */
export function mutantsOf(text: string): Mutant[] {
  const source = ts.createSourceFile("module.ts", text, ts.ScriptTarget.Latest, true);
  const found: Mutant[] = [];
  const add = (node: ts.Node, is: string) => {
    const start = node.getStart(source);
    const { line } = source.getLineAndCharacterOfPosition(start);
    found.push({ start, was: text.slice(start, node.getEnd()), is, line: line + 1 });
  };
  const visit = (node: ts.Node) => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      const exchange = EXCHANGES.get(node.operatorToken.kind);
      if (exchange !== undefined && !joinsText(node)) add(node.operatorToken, exchange);
    } else if (ts.isNumericLiteral(node)) {
      const value = Number(node.text);
      add(node, value === 0 ? "1" : value === 1 ? "2" : `(${node.getText(source)} * 2)`);
    } else if (node.kind === SyntaxKind.TrueKeyword) {
      add(node, "false");
    } else if (node.kind === SyntaxKind.FalseKeyword) {
      add(node, "true");
    } else if (
      ts.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken
    ) {
      add(node, node.operand.getText(source));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Returns the text with the change made. */
export function mutate(text: string, { start, was, is }: Mutant): string {
  return text.slice(0, start) + is + text.slice(start + was.length);
}

/** Returns the changed line. */
export function changedLine(text: string, mutant: Mutant): string {
  return mutate(text, mutant).split("\n")[mutant.line - 1].trim();
}
