import ts from "typescript";
import { modulesIn } from "../../read_imports.ts";

/** A kind of finding that the source of a rule can give. */
export interface KindInSource {
  /** Path from the root of the project. */
  file: string;
  kind: string;
}

/** A node of a file. */
interface Place {
  file: string;
  node: ts.Expression;
}

/**
 * Reads which kinds of findings the modules of a folder can give: texts, choices and templates of
 * texts, and what constants, parameters and functions bring of them.
 *
 * @param root Paths are told from here.
 * @param folder Path of the folder from the root.
 * @throws {Error} If a kind is written in a way that is not followed.
 */
export async function kindsInSource(root: URL, folder: string): Promise<KindInSource[]> {
  const files = new Map<string, ts.SourceFile>();
  for await (const url of modulesIn(new URL(folder, root))) {
    const text = await Deno.readTextFile(url);
    const file = url.href.replace(root.href, "");
    files.set(file, ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
  const sources = [...files.values()];
  const found = sources.flatMap(kindsGiven).flatMap((place) => valuesOf(place, sources));
  const keys = new Set(found.map(({ file, kind }) => `${file} ${kind}`));
  return [...keys].sort().map((key) => ({ file: key.split(" ")[0], kind: key.split(" ")[1] }));
}

function descend(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => descend(child, visit));
}

/** Properties by which an object with a kind is a finding, or a part of one. */
const PARTS = ["severity", "fix", "message", "threshold"];

/** Returns the kinds of the findings of a file. */
function kindsGiven(source: ts.SourceFile): Place[] {
  const found: Place[] = [];
  descend(source, (node) => {
    if (!ts.isObjectLiteralExpression(node)) return;
    const named = (name: string) => node.properties.find((part) => part.name?.getText() === name);
    const kind = named("kind");
    if (kind === undefined || !PARTS.some((part) => named(part) !== undefined)) return;
    if (ts.isPropertyAssignment(kind)) {
      found.push({ file: source.fileName, node: kind.initializer });
    }
    if (ts.isShorthandPropertyAssignment(kind)) {
      found.push({ file: source.fileName, node: kind.name });
    }
  });
  return found;
}

function valuesOf(place: Place, sources: ts.SourceFile[]): KindInSource[] {
  const { file, node } = place;
  const of = (node: ts.Expression) => valuesOf({ file, node }, sources);
  if (ts.isStringLiteralLike(node)) return [{ file, kind: node.text }];
  if (node.kind === ts.SyntaxKind.NullKeyword) return [];
  if (ts.isParenthesizedExpression(node)) return of(node.expression);
  if (ts.isConditionalExpression(node)) return [...of(node.whenTrue), ...of(node.whenFalse)];
  if (ts.isTemplateExpression(node)) {
    return node.templateSpans.reduce(
      (starts, { expression, literal }) =>
        starts.flatMap((start) =>
          of(expression).map((part) => ({
            // The place of a text that comes from elsewhere is there.
            file: part.file === file ? start.file : part.file,
            kind: start.kind + part.kind + literal.text,
          }))
        ),
      [{ file, kind: node.head.text }],
    );
  }
  if (ts.isCallExpression(node)) return returnsOf(node).flatMap(of);
  if (ts.isIdentifier(node)) return valuesOfName({ file, node }, node.text, sources);
  throw new Error(`${file}: the kind ${node.getText()} is not followed`);
}

/** Returns what the function that a call names returns; it is in the same file. */
function returnsOf(call: ts.CallExpression): ts.Expression[] {
  const found: ts.Expression[] = [];
  descend(call.getSourceFile(), (node) => {
    if (!ts.isFunctionDeclaration(node) || node.name?.text !== call.expression.getText()) return;
    descend(node.body!, (inner) => {
      if (ts.isReturnStatement(inner) && inner.expression !== undefined) {
        found.push(inner.expression);
      }
    });
  });
  return found;
}

function valuesOfName(
  { file, node }: Place,
  name: string,
  sources: ts.SourceFile[],
): KindInSource[] {
  for (let scope: ts.Node = node; scope !== undefined; scope = scope.parent) {
    if (ts.isFunctionLike(scope)) {
      const at = scope.parameters.findIndex((parameter) => parameter.name.getText() === name);
      if (at >= 0) {
        const listed = literalsOf(scope.parameters[at].type);
        if (listed.length > 0) return listed.map((kind) => ({ file, kind }));
        return argumentsOf(scope, at, sources).flatMap((each) => valuesOf(each, sources));
      }
      const within = scope.parameters.findIndex((parameter) => takesOut(parameter, name));
      if (within >= 0) {
        return argumentsOf(scope, within, sources)
          .map(({ file, node }) => ({ file, node: propertyOf(node, name) }))
          .flatMap((each) => valuesOf(each, sources));
      }
    }
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue;
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name: declared, initializer } of statement.declarationList.declarations) {
        if (declared.getText() === name) return valuesOf({ file, node: initializer! }, sources);
        // A kind that is taken out of an object is found where that object is made.
        if (ts.isObjectBindingPattern(declared) && /\bkind\b/.test(declared.getText())) return [];
      }
    }
  }
  throw new Error(`${file}: nothing declares the kind ${name}`);
}

/** Returns true if a parameter takes a property out of its object. */
function takesOut({ name: pattern }: ts.ParameterDeclaration, name: string): boolean {
  return ts.isObjectBindingPattern(pattern) &&
    pattern.elements.some((element) => element.name.getText() === name);
}

/** Returns the value that an object literal gives a property. */
function propertyOf(node: ts.Expression, name: string): ts.Expression {
  const property = ts.isObjectLiteralExpression(node)
    ? node.properties.find((part) => part.name?.getText() === name)
    : undefined;
  if (property !== undefined && ts.isPropertyAssignment(property)) return property.initializer;
  throw new Error(`${node.getText()} gives no ${name}`);
}

/** Returns the texts that a type lists. */
function literalsOf(type: ts.TypeNode | undefined): string[] {
  const types = type !== undefined && ts.isUnionTypeNode(type) ? type.types : [];
  return types.flatMap((each) =>
    ts.isLiteralTypeNode(each) && ts.isStringLiteral(each.literal) ? [each.literal.text] : []
  );
}

/** Returns what calls give a function at a position. */
function argumentsOf(
  of: ts.SignatureDeclaration,
  at: number,
  sources: ts.SourceFile[],
): Place[] {
  const holder = of.parent;
  const name = of.name ?? (ts.isVariableDeclaration(holder) ? holder.name : undefined);
  const found: Place[] = [];
  const file = of.getSourceFile();
  const statement = ts.isFunctionDeclaration(of) ? of : holder.parent?.parent;
  const isExported = statement !== undefined && /^export\b/.test(statement.getText());
  for (const source of isExported ? sources : [file]) {
    descend(source, (node) => {
      if (ts.isCallExpression(node) && node.expression.getText() === name?.getText()) {
        found.push({ file: source.fileName, node: node.arguments[at] });
      }
    });
  }
  return found;
}
